/** A tool as a server lists it, as far as policy-wrap looks at it. Everything but the name is the server's word. */
export interface ToolDefinition {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly inputSchema?: unknown;
  readonly annotations?: ToolAnnotations | undefined;
}

/** The hints of the protocol that say what a tool does. They are claims of the server. */
export interface ToolAnnotations {
  readonly title?: string | undefined;
  readonly readOnlyHint?: boolean | undefined;
  readonly destructiveHint?: boolean | undefined;
  readonly idempotentHint?: boolean | undefined;
  readonly openWorldHint?: boolean | undefined;
}

/** A JSON Schema of an object's argument, in the few forms that the known servers use. */
export interface ArgumentSchema {
  readonly type: 'string' | 'number' | 'boolean' | 'array' | 'object';
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly items?: ArgumentSchema;
  readonly properties?: Readonly<Record<string, ArgumentSchema>>;
  readonly required?: readonly string[];
}

/** The definition of a known server's tool: always with a description and an object schema. */
export interface KnownTool extends ToolDefinition {
  readonly description: string;
  readonly inputSchema: ArgumentSchema & { readonly type: 'object' };
}

export const number = (description: string): ArgumentSchema => ({ type: 'number', description });
export const string = (description: string): ArgumentSchema => ({ type: 'string', description });
export const boolean = (description: string): ArgumentSchema => ({ type: 'boolean', description });
export const oneOf = (description: string, ...values: string[]): ArgumentSchema => ({
  type: 'string',
  enum: values,
  description,
});
export const anyObject = (description: string): ArgumentSchema => ({ type: 'object', description });
export const listOf = (description: string, items: ArgumentSchema): ArgumentSchema => ({
  type: 'array',
  description,
  items,
});

/**
 * @param properties the arguments; a name that ends in `!` is required
 * @returns an object schema with the marks taken off
 */
export function object(
  properties: Readonly<Record<string, ArgumentSchema>>,
  description?: string,
): ArgumentSchema & { readonly type: 'object' } {
  const entries = Object.entries(properties);
  const required = entries.filter(([name]) => name.endsWith('!')).map(([name]) => name.slice(0, -1));
  return {
    type: 'object',
    ...(description === undefined ? {} : { description }),
    properties: Object.fromEntries(entries.map(([name, schema]) => [name.replace(/!$/, ''), schema])),
    ...(required.length === 0 ? {} : { required }),
  };
}
