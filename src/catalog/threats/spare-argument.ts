import { isRecord } from '../../json/value.js';
import { SEND_EMAIL } from './examples.js';
import { sampleArguments } from './sample.js';
import { safeMcp } from './sources.js';
import type { Threat } from './threat.js';
import { attack, entry, everyTool } from './tools-of.js';

export const SPARE_ARGUMENT: Threat = {
  id: 'spare-argument',
  title: 'Secret in a spare argument',
  how: "A call carries a key that the tool's schema does not name: notes, the conversation so far, a secret. Many servers take and log whatever comes; a poisoned description asks for such a key and the person never sees it.",
  sources: [safeMcp('SAFE-T1911', 'Parameter Exfiltration')],
  opens: 'any tool that names its arguments',
  sight: 'calls',
  rule: "The tool's own schema must name and accept every argument.",
  leaves: 'What stands in an argument that the schema does name.',
  example: [{ server: 'mail', tools: [SEND_EMAIL] }],
  openings: (servers) =>
    everyTool(servers)
      .filter(({ tool: { inputSchema } }) => isRecord(inputSchema) && isRecord(inputSchema.properties))
      .map((at) => ({
        tools: [at],
        why: 'a key that its schema does not name goes through',
        attacks: KEYS.map((key) =>
          attack(`in "${key}"`, {
            ...at,
            args: sampleArguments(at.tool.inputSchema, { [key]: 'sk-live-51H' }),
          }),
        ),
        // A schema that takes any key refuses none.
        fix: takesAny(at.tool.inputSchema)
          ? entry(at, { action: 'approve', reason: 'It takes any argument, so a person looks at each call.' })
          : { [at.server]: { all_tools: { arguments: 'declared' } } },
      })),
};

/** Names that no schema has: a rule against one of them is not a rule against all. */
const KEYS = ['conversation_notes', 'x_trace'];

const takesAny = (schema: unknown): boolean =>
  isRecord(schema) &&
  (schema.additionalProperties === true ||
    (isRecord(schema.additionalProperties) && schema.additionalProperties !== null));
