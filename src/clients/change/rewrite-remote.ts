import type { RemoteEntry, StdioEntry } from '../entries.js';
import type { Shape } from '../file-shapes.js';
import { BEARER_KEY, ENV_NAMES_KEY, HEADER_KEYS, TYPE_KEYS, URL_KEYS } from '../remote-entry.js';
import { type ConfigDocument, errorAt, memberOf, quote, rawOf } from '../text/document.js';
import type { Member, Node, Splice, TableNode } from '../text/nodes.js';
import { entryKeysIn, headerVariables } from '../wrapped-command.js';
import { URL_FLAGS } from '../wrapper-options.js';

/**
 * An entry by address in place of one by command, and back. Keys become other keys and values stay where they are, so
 * that nothing of the file is lost: `url` becomes the command and its arguments, `headers` the environment, each header
 * a variable.
 */

/** Makes the list of arguments that a command gets, behind it. */
export type ArgsMaker = (at: { table: TableNode; command: Member }, items: readonly string[]) => Splice;

/**
 * @param prefix the words in front of the address, its option included
 * @param newArgs writes a list of arguments in the style of the file
 * @throws PolicyWrapError CONFIG_INVALID for a file that is written in a way that cannot be changed in place
 */
export function wrapRemoteSplices(
  document: ConfigDocument,
  { nodes, headers }: RemoteEntry,
  prefix: readonly string[],
  shape: Shape,
  newArgs: ArgsMaker,
): Splice[] {
  const { table, url, bearer, type } = nodes;
  const [command = '', ...rest] = prefix;
  const address = rawOf(document, url.value);
  const own =
    shape.args === undefined
      ? [over(url.value, `[${[...prefix.map(quote), address].join(', ')}]`)]
      : [over(url.value, quote(command)), newArgs({ table, command: url }, [...rest.map(quote), address])];
  return [
    renamed(document, url, shape.command),
    ...own,
    ...(nodes.headers === undefined
      ? []
      : [
          renamed(document, nodes.headers, shape.env),
          ...nodes.headers.value.members.map((member, i) =>
            renamed(document, member, headers[i]?.variable ?? ''),
          ),
        ]),
    ...(bearer === undefined
      ? []
      : [renamed(document, bearer, ENV_NAMES_KEY), over(bearer.value, `[${rawOf(document, bearer.value)}]`)]),
    ...(type === undefined ? [] : [respelled(document, type.value, type.value.value, stdioType(shape))]),
  ];
}

/**
 * @returns undefined where the entry does not say what stood there before
 * @throws PolicyWrapError CONFIG_INVALID where what it says does not fit what is there now
 */
export function unwrapRemoteSplices(
  document: ConfigDocument,
  { nodes, state, words }: StdioEntry,
  shape: Shape,
): Splice[] | undefined {
  if (state.kind !== 'wrapped') return undefined;
  const { options } = state.wrapped;
  const keys = entryKeysIn(options);
  if (keys === undefined) return undefined;
  const { table, command, args } = nodes;
  const refuse = (why: string) => errorAt(document, command.keySpan.start, why);
  const had = (known: readonly string[]) => keys.find((key) => known.includes(key));
  const key = had(URL_KEYS);
  const address = nodes.words[words.lastIndexOf(URL_FLAGS[0]) + 1];
  if (key === undefined || address === undefined) throw refuse('it does not say what it was before');
  const splices = [
    renamed(document, command, key),
    { start: command.value.start, end: (args ?? command).value.end, text: rawOf(document, address) },
  ];
  if (args !== undefined && args.keySpan.start < command.value.end)
    throw refuse(`\`${args.key}\` stands in front of it`);
  const headersKey = had(HEADER_KEYS);
  if (headersKey !== undefined) {
    const env = memberOf(table, shape.env);
    if (env?.value.kind !== 'table') throw refuse(`its \`${shape.env}\` is gone`);
    const variables = headerVariables(options);
    splices.push(renamed(document, env, headersKey));
    for (const member of env.value.members) {
      const header = variables.get(member.key);
      if (header === undefined)
        throw errorAt(document, member.keySpan.start, `the variable ${member.key} is no header of the entry`);
      splices.push(renamed(document, member, header));
    }
  }
  if (had([BEARER_KEY]) !== undefined) {
    const names = memberOf(table, ENV_NAMES_KEY);
    const [name, another] = names?.value.kind === 'list' ? names.value.items : [];
    if (names === undefined || name === undefined || another !== undefined)
      throw refuse(`its \`${ENV_NAMES_KEY}\` has another name`);
    splices.push(renamed(document, names, BEARER_KEY), over(names.value, rawOf(document, name)));
  }
  const [typeKey, was] =
    keys.map((word) => word.split('=')).find(([name = '']) => TYPE_KEYS.includes(name)) ?? [];
  if (typeKey !== undefined && was !== undefined) {
    const type = memberOf(table, typeKey);
    if (type?.value.kind !== 'string') throw refuse(`its \`${typeKey}\` is gone`);
    splices.push(respelled(document, type.value, type.value.value, was));
  }
  return splices;
}

/** Keys of an entry by address, and what they become: all that may change in it. */
export function remoteFields(shape: Shape): string[] {
  return [
    ...[shape.command, shape.args ?? shape.command, shape.env, ENV_NAMES_KEY, BEARER_KEY],
    ...[...URL_KEYS, ...HEADER_KEYS, ...TYPE_KEYS],
  ];
}

/** How the client calls a server that it starts. */
function stdioType({ fixed }: Shape): string {
  return typeof fixed.type === 'string' ? fixed.type : 'stdio';
}

function over({ start, end }: Node, text: string): Splice {
  return { start, end, text };
}

/** The last part of a key becomes another, spelled as it was: bare, or in the same quotes. */
function renamed(document: ConfigDocument, { keySpan, key }: Member, name: string): Splice {
  return respelled(document, keySpan, key, name);
}

function respelled(
  document: ConfigDocument,
  span: { readonly start: number; readonly end: number },
  was: string,
  now: string,
): Splice {
  const raw = rawOf(document, span);
  const spellings: ((text: string) => string)[] = [quote, (text) => `'${text}'`, (text) => text];
  const spelled = spellings.find((spell) => raw.endsWith(spell(was)));
  if (spelled === undefined)
    throw errorAt(
      document,
      span.start,
      `${JSON.stringify(was)} is spelled in a way that cannot be changed here`,
    );
  return { start: span.end - spelled(was).length, end: span.end, text: spelled(now) };
}
