// Not zod/mini's: the commands and the page have this one, and a package has it once (.config/build.js).
import { toJSONSchema } from 'zod/v4/core';
import { policySchema } from './format.js';

type JsonSchema = Record<string, unknown>;

/** A tool of a server, and the paths of its arguments: `args.amount_total`. */
export interface CompletedTool {
  readonly name: string;
  readonly paths: readonly string[];
}

/**
 * The JSON Schema of the policy file for editors, made from what files are checked by. Draft 7, which
 * editors know best.
 *
 * @param tools the tools of a server, whose names and argument paths are then completed; other names stay allowed
 */
export function policyJsonSchema(tools: readonly CompletedTool[] = []): JsonSchema {
  const schema = toJSONSchema(policySchema, { target: 'draft-7', io: 'input' }) as JsonSchema;
  schema.title = 'policy-wrap policy';
  if (tools.length === 0) return schema;
  const properties = schema.properties as Record<string, JsonSchema>;
  const names = tools.map((tool) => tool.name);
  const hide = properties.hide;
  if (hide) hide.items = suggest(names);
  const entries = properties.tools;
  if (entries) {
    const entry = entries.additionalProperties;
    // An own property even for a tool called `__proto__`.
    entries.properties = Object.fromEntries(
      tools.map((tool) => [tool.name, { allOf: [entry, pathsOf(tool)] }]),
    );
  }
  return schema;
}

/** Offers the paths of a tool's arguments wherever an entry has a path. */
function pathsOf(tool: CompletedTool): JsonSchema {
  const path = suggest([...tool.paths, 'tool.name']);
  const predicates: JsonSchema = {
    items: { properties: { conditions: { items: { properties: { path } } } } },
  };
  const limit: JsonSchema = {
    properties: {
      per: { anyOf: [path, { items: path }] },
      amount: { anyOf: [path, {}] },
    },
  };
  return {
    properties: {
      require: predicates,
      deny_if: predicates,
      approve_if: predicates,
      limits: { items: limit },
    },
  };
}

/** Editors offer the values of `enum`; the other branch keeps everything else valid. */
function suggest(values: readonly string[]): JsonSchema {
  return { anyOf: [{ enum: [...new Set(values)] }, { type: 'string' }] };
}
