import type * as Zod from 'zod/mini';
import type { AnyKind, Kind } from './grammar.js';

/**
 * Makes the zod schema of a kind, which accepts exactly what `fits` accepts, says what is wrong with all else, and
 * becomes JSON Schema. One difference: of a `byName`, zod leaves out what an own `__proto__` holds, and does not look
 * at it. Always the same schema for the same kind.
 */
export function zodOf<T>(kind: Kind<T>): Zod.ZodMiniType<T> {
  let schema = made.get(kind);
  if (!schema) {
    const { describe, meta } = zod();
    const { about } = kind;
    const bare = bareZodOf(kind);
    schema =
      about === undefined ? bare : bare.check(typeof about === 'string' ? describe(about) : meta(about));
    made.set(kind, schema);
  }
  return schema as Zod.ZodMiniType<T>;
}

const made = new WeakMap<AnyKind, Zod.ZodMiniType>();

function bareZodOf(kind: AnyKind): Zod.ZodMiniType {
  const z = zod();
  switch (kind.form) {
    case 'text':
      return z.string();
    case 'number':
      return z.number();
    case 'boolean':
      return z.boolean();
    case 'anything':
      return z.unknown();
    case 'exactly':
      return z.literal(kind.value);
    case 'words':
      return z.enum(kind.words as string[]);
    case 'optional':
      return z.optional(zodOf(kind.of));
    case 'list':
      return z.array(zodOf(kind.of));
    case 'either':
      return z.union(kind.options.map(zodOf));
    case 'byName':
      return z.record(z.string(), zodOf(kind.of));
    case 'fields':
      return z.strictObject(
        Object.fromEntries(Object.entries(kind.fields).map(([name, field]) => [name, zodOf(field)])),
      );
  }
}

let library: typeof Zod | undefined;

/**
 * zod/mini: the same schemas as zod at a fifth of the size. A bare `require`, because no start with a valid policy
 * needs it: the bundler puts it aside, and it is loaded at the first use.
 */
export function zod(): typeof Zod {
  if (!library) {
    library = require('zod/mini') as typeof Zod;
    // Compiled validators cost more to make than one policy takes to check.
    library.config({ jitless: true });
  }
  return library;
}
