import { sha256 } from '../text/hash.js';
import type { Row } from './sqlite/driver.js';

/** What is pinned: what a server tells a model of itself. */
export type PinKind = 'tool' | 'prompt' | 'resource' | 'template' | 'instructions';

/** A tool or another part of a server as it describes itself, to be compared with what was first seen. */
export interface SeenTool {
  /** Default `tool`. */
  readonly kind?: PinKind | undefined;
  readonly name: string;
  /** What a model and a policy go by, as canonical JSON: description, schemas, annotations. */
  readonly definition: string;
  /** The same as the server wrote it, which is what is kept; the definition where it is absent. */
  readonly text?: string | undefined;
  /** Two parsers may read the definition differently: it equals no pin, and is never pinned. */
  readonly unpinnable?: true | undefined;
}

/** A definition to write down: it is new, has changed, or is as it was first seen again. */
export interface PinUpdate {
  readonly kind: PinKind;
  readonly name: string;
  readonly text: string;
  /** Digest of the definition; with UNPINNABLE in front it equals no pin. */
  readonly hash: string;
}

/** Who lists it. */
export interface PinObserver {
  /** The session. */
  readonly by: string;
  /** The kinds of which a whole list ends with these. */
  readonly ended: ReadonlySet<PinKind>;
}

/** A remembered definition, and the one that differs from it. Times in UTC milliseconds. */
export interface PinEntry {
  readonly server: string;
  readonly kind: PinKind;
  readonly tool: string;
  /** As the server wrote it, or as canonical JSON; `{}` when none could be pinned. */
  readonly definition: string;
  readonly seenAt: number;
  /** It came when the server was known already, and nobody has trusted it. */
  readonly late: boolean;
  /** Undefined while the definition is the one that was first seen. */
  readonly changed:
    | {
        readonly definition: string;
        /** Digest of the whole definition, which may be too long to be kept. */
        readonly hash: string;
        readonly at: number;
        /** It cannot be trusted: it has keys that differ only in case, or its list had two definitions of the name. */
        readonly unpinnable: boolean;
      }
    | undefined;
}

/** How a listed definition stands to what is trusted. */
export interface Standing {
  readonly kind: 'same' | 'changed';
  /** The definition to go by; undefined where there is none, or where it was too long to be kept. */
  readonly trusted: string | undefined;
  /** Digest of that; empty where there is none. */
  readonly hash: string;
  /** The server was known when it came, and nobody has trusted it. */
  readonly isLate: boolean;
  /** It is not remembered yet. */
  readonly isUnseen: boolean;
}

/** No digest begins with it. */
export const UNPINNABLE = '!';

/** The parts of a definition that a model and a policy go by; the rest may change with every answer. */
const PINNED: Readonly<Record<PinKind, readonly string[]>> = {
  tool: ['name', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations'],
  prompt: ['name', 'title', 'description', 'arguments'],
  resource: ['uri', 'name', 'title', 'description', 'mimeType'],
  template: ['uriTemplate', 'name', 'title', 'description', 'mimeType'],
  instructions: ['instructions'],
};

export function pinnedKeys(kind: PinKind): readonly string[] {
  return PINNED[kind];
}

/** How people are told of it: a tool by its name alone. */
export function pinName({ kind, tool }: { readonly kind: PinKind; readonly tool: string }): string {
  if (kind === 'tool') return tool;
  return kind === 'instructions' ? 'the instructions' : `${kind} ${tool}`;
}

export function toEntry(row: Row): PinEntry {
  const changed = row.changed_definition as string | null;
  return {
    server: row.server as string,
    kind: row.kind as PinKind,
    tool: row.tool as string,
    definition: row.definition as string,
    seenAt: row.seen_at as number,
    late: row.late === 1,
    changed:
      changed === null
        ? undefined
        : {
            definition: changed,
            hash: String(row.changed_hash),
            at: row.changed_at as number,
            unpinnable: String(row.changed_hash).startsWith(UNPINNABLE),
          },
  };
}

/** A longer definition cannot be shown: only its digest is kept; in characters. */
const DEFINITION_CAP = 65_536;
/** A longer name is kept by its beginning and its digest; in characters. */
const NAME_CAP = 512;
const TOO_LONG = '{"tooLong":';

/** The name that a tool, or another part of a server, is remembered under. */
export function keptName(name: string): string {
  return name.length > NAME_CAP ? `${name.slice(0, 100)}…#${sha256(name)}` : name;
}

/** What is kept of a definition with this digest. */
export function keptDefinition(definition: string, hash: string): string {
  if (definition.length <= DEFINITION_CAP) return definition;
  const what = JSON.stringify(`${definition.length} characters, sha-256 ${hash.slice(-64)}`);
  return `${TOO_LONG}${what}}`;
}

/** @param kept as it was kept. @returns whether it says of the definition no more than its digest */
export function isTooLong(kept: string): boolean {
  return kept.startsWith(TOO_LONG);
}
