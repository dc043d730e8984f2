import fc from 'fast-check';
import { findNodeAtLocation, getNodeValue, parseTree } from 'jsonc-parser';
import { parse as parseToml } from 'smol-toml';
import { expect, test } from 'vitest';
import { parse as parseYaml, stringify as stringifyYaml } from 'yaml';
import { type Edited, unwrapEntries, wrapEntries } from '../../../src/clients/change/rewrite-entry.js';
import { containersAt, entriesIn, type StdioEntry } from '../../../src/clients/entries.js';
import { SHAPES } from '../../../src/clients/file-shapes.js';
import { parseDocument } from '../../../src/clients/text/document.js';
import { newPrefix } from '../../../src/clients/wrapped-command.js';

const WRAPPER = { node: 'C:\\Program Files\\nodejs\\node.exe', script: 'C:\\pw\\bin\\policy-wrap.js' };

const BEFORE_ORIGINAL = 'C:\\p.json';

/** Decisions of a printer, taken in turn; the same list always prints the same text. */
class Dice {
  readonly #rolls: readonly number[];
  #at = 0;
  constructor(rolls: readonly number[]) {
    this.#rolls = rolls;
  }
  pick<T>(...sides: readonly [T, ...T[]]): T {
    const roll = this.#rolls[this.#at++ % this.#rolls.length] ?? 0;
    return sides[roll % sides.length] ?? sides[0];
  }
}

const dice = fc.array(fc.nat(1000), { minLength: 20, maxLength: 60 });
const word = fc.oneof(
  fc.constantFrom(
    'npx',
    '-y',
    '--',
    'run',
    '@s/p@1.0',
    '',
    ' ',
    'a b',
    '"',
    '\\',
    '// x',
    '/* x */',
    '#',
    ',',
    ']',
    '}',
    "'",
    "'''",
    '"""',
    '\n',
    'é',
    '😀',
  ),
  fc.string({ maxLength: 8, unit: 'binary' }).filter((text) => !/[\uE000-\uE002]/.test(text)),
);
const name = fc.oneof(
  fc.constantFrom('afip', 'a.b', 'two words', '__proto__', 'constructor', 'é', '1'),
  fc.string({ maxLength: 6 }),
);

interface Server {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[] | undefined;
  readonly env: readonly (readonly [string, string])[];
}

const servers = fc.uniqueArray(
  fc.record<Server>({
    name,
    // An entry that is a wrapped one already has its own tests.
    command: word.filter((text) => text !== ''),
    args: fc.option(fc.array(word, { maxLength: 4 }), { nil: undefined }),
    env: fc.uniqueArray(fc.tuple(name, word), { maxLength: 2, selector: ([key]) => key }),
  }),
  { minLength: 1, maxLength: 4, selector: (server) => server.name },
);

/** Prints JSON with comments in many hands' styles. */
function printJson(list: readonly Server[], d: Dice): string {
  const eol = d.pick('\n', '\r\n');
  const space = (): string =>
    d.pick(
      '',
      '',
      ' ',
      '  ',
      '\t',
      eol,
      `${eol}    `,
      `${eol}\t`,
      ' /* , ] } "c" */ ',
      ` // " it's, ]${eol}  `,
    );
  const string = (text: string): string =>
    d.pick(0, 0, 0, 1) === 1
      ? `"${[
          ...JSON.stringify(text)
            .slice(1, -1)
            .matchAll(/\\u....|\\.|[\s\S]/g),
        ]
          .map(([c]) =>
            c.length === 1 && d.pick(0, 1) === 1 ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}` : c,
          )
          .join('')}"`
      : JSON.stringify(text);
  const sequence = (open: string, items: readonly string[], close: string): string => {
    const body = items.map((item) => space() + item + space()).join(',');
    return open + body + (items.length > 0 ? d.pick('', '', `,${space()}`) : space()) + close;
  };
  const member = (key: string, value: string): string => `${string(key)}${space()}:${space()}${value}`;
  const entry = (server: Server): string => {
    const command = member('command', mark(server, string(server.command)));
    const args =
      server.args === undefined
        ? []
        : [member('args', mark(server, sequence('[', server.args.map(string), ']')))];
    const env = member(
      'env',
      sequence(
        '{',
        server.env.map(([k, v]) => member(k, string(v))),
        '}',
      ),
    );
    const members = d.pick(
      [command, ...args, env],
      [env, ...args, command],
      [...args, env, command],
      [command, env, ...args],
    );
    return sequence(
      '{',
      d.pick(members, [...members, member('x', d.pick('1', 'null', '[{"command": "no"}]'))]),
      '}',
    );
  };
  const all = member(
    'mcpServers',
    sequence(
      '{',
      list.map((server) => member(server.name, entry(server))),
      '}',
    ),
  );
  const rest = member('other', d.pick('1e5', '{"mcpServers": {"command": "x", "args": []}}', '"//"'));
  return (
    d.pick('', '\uFEFF') + space() + sequence('{', d.pick([all], [rest, all], [all, rest]), '}') + space()
  );
}

/** Prints TOML in its many ways to say the same. */
function printToml(list: readonly Server[], d: Dice): string {
  const eol = d.pick('\n', '\r\n');
  const string = (text: string): string => {
    const basic = JSON.stringify(text).replaceAll('\u007f', '\\u007f');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: TOML's own list of what a literal string may not hold
    const literal = /^[^\u0000-\u0008\u000a-\u001f\u007f']*$/.test(text) ? `'${text}'` : basic;
    return d.pick(
      basic,
      basic,
      literal,
      `"""${eol}${basic.slice(1, -1)}"""`,
      `"""${basic.slice(1, -1)}\\${eol}   """`,
    );
  };
  const key = (text: string): string =>
    /^[\w-]+$/.test(text) && /^[\x20-\x7e]*$/.test(text)
      ? d.pick(text, `"${text}"`, `'${text}'`)
      : JSON.stringify(text).replaceAll('\u007f', '\\u007f');
  const gap = (): string => d.pick('', ' ', eol, `${eol}  `, ` # ] , " '${eol}`);
  const array = (items: readonly string[]): string =>
    `[${items.map((item) => gap() + item + gap()).join(',')}${items.length > 0 ? d.pick('', `,${gap()}`) : gap()}]`;
  const equals = (): string => d.pick(' = ', '=', ' =', '\t=  ');
  const inline = (pairs: readonly (readonly [string, string])[]): string =>
    `{${pairs.map(([k, v]) => ` ${k}${equals()}${v}`).join(' ,')} }`;
  const comment = (): string => d.pick('', '', ' # c = "x" ]');
  const pairsOf = (server: Server): [string, string][] => {
    const command: [string, string] = [d.pick('command', '"command"'), mark(server, string(server.command))];
    const args: [string, string][] =
      server.args === undefined ? [] : [['args', mark(server, array(server.args.map(string)))]];
    const env: [string, string] = ['env', inline(server.env.map(([k, v]) => [key(k), string(v)]))];
    return d.pick(
      [command, ...args, env],
      [env, ...args, command],
      [...args, command, env],
      [env, command, ...args],
    );
  };
  const line = (k: string, v: string): string =>
    `${d.pick('', '  ', '\t')}${k}${equals()}${v}${comment()}${eol}`;
  const head = `${d.pick('', '\uFEFF')}model = "x"${comment()}${eol}when = 2026-11-22 11:05:12Z${eol}big = 0x7fff_ffff_ffff_ffff${eol}`;
  const tail = `${d.pick('', eol, `# end${eol}`)}[[list]]${eol}a = 1${eol}[[list]]${eol}`;
  const body = d.pick(0, 1, 2);
  if (body === 0)
    return (
      head +
      list
        .map((s) =>
          pairsOf(s)
            .map(([k, v]) => line(`mcp_servers${d.pick('.', ' . ')}${key(s.name)}.${k}`, v))
            .join(''),
        )
        .join('') +
      tail
    );
  if (body === 1)
    return `${head}[mcp_servers]${comment()}${eol}${list.map((s) => line(key(s.name), inline(pairsOf(s)))).join('')}${tail}`;
  return (
    head +
    list
      .map(
        (s) =>
          `${d.pick('', '  ')}[ mcp_servers.${key(s.name)} ]${comment()}${eol}${pairsOf(s)
            .map(([k, v]) => line(k, v))
            .join('')}`,
      )
      .join('') +
    tail
  );
}

function open(
  text: string,
  format: 'json' | 'toml',
): { wrap(names: readonly string[]): Edited; unwrap(edited: Edited, names: readonly string[]): string } {
  const shape = format === 'json' ? SHAPES.mcpServers : SHAPES.mcp_servers;
  const document = parseDocument('f', text, format);
  const stdio = (from: typeof document, names: readonly string[]): StdioEntry[] =>
    containersAt(from, shape.at)
      .flatMap((container) => entriesIn(from, container, shape))
      .filter((entry) => entry.kind === 'stdio')
      .filter((entry) => names.includes(entry.name));
  return {
    wrap: (names) =>
      wrapEntries(
        document,
        shape,
        stdio(document, names).map((entry) => ({
          entry,
          prefix: newPrefix(
            WRAPPER,
            { server: entry.name, db: '/home/ana/state.db', policy: BEFORE_ORIGINAL },
            entry.nodes.list !== undefined,
          ),
        })),
      ),
    unwrap: ({ after }, names) => {
      const { bom, text: restored } = unwrapEntries(after, shape, stdio(after, names)).after;
      return bom + restored;
    },
  };
}

/**
 * The printers mark the values of `command` and `args`: outside the marks of chosen servers, not a character differs.
 * (An `args` that was not there before may follow the command directly.)
 */
function expectOutsideKept(marked: string, result: string, chosen: readonly string[]): void {
  let server = '';
  const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const pattern = marked.split(/\uE000([^\uE002]*)\uE002([^\uE001]*)\uE001/).map((part, i) => {
    if (i % 3 === 1) server = part;
    if (i % 3 === 2 && chosen.includes(server)) return '[\\s\\S]*?';
    return i % 3 === 1 ? '' : literal(part);
  });
  expect(result).toMatch(new RegExp(`^${pattern.join('')}$`));
}

function unmark(marked: string): string {
  return marked.replace(/\uE000[^\uE002]*\uE002|\uE001/g, '');
}

function mark(server: Server, value: string): string {
  return `\uE000${server.name}\uE002${value}\uE001`;
}

const RUNS = { numRuns: 300 };

function check(
  format: 'json' | 'toml',
  print: (list: readonly Server[], dice: Dice) => string,
  read: (text: string, server: string) => { command: string; args?: string[] },
): void {
  fc.assert(
    fc.property(servers, dice, fc.nat(15), (list, rolls, mask) => {
      const marked = print(list, new Dice(rolls));
      const text = unmark(marked);
      const chosen = list.filter((_, i) => (mask >> i) % 2 === 1).map((server) => server.name);
      const file = open(text, format);
      const edited = file.wrap(chosen);
      const result = edited.after.bom + edited.after.text;
      expectOutsideKept(marked, result, chosen);
      for (const server of list) {
        // Read by another parser than the one that located the changes.
        const { command, args = [] } = read(result.replace(/^\uFEFF/, ''), server.name);
        const words = [command, ...args];
        const wrapped = chosen.includes(server.name);
        expect(wrapped ? words.slice(words.indexOf(BEFORE_ORIGINAL) + 2) : words).toEqual([
          server.command,
          ...(server.args ?? []),
        ]);
        expect(words[0] === WRAPPER.node).toBe(wrapped);
      }
      expect(file.unwrap(edited, chosen)).toBe(text);
    }),
    RUNS,
  );
}

test('JSON: nothing outside command and args changes, and unwrapping gives the bytes back', () => {
  check('json', printJson, (text, server) => {
    const tree = parseTree(text, [], { allowTrailingComma: true });
    const value = (key: string) => tree && findNodeAtLocation(tree, ['mcpServers', server, key]);
    const args = value('args');
    return { command: value('command')?.value, ...(args === undefined ? {} : { args: getNodeValue(args) }) };
  });
});

test('TOML: nothing outside command and args changes, and unwrapping gives the bytes back', () => {
  check('toml', printToml, (text, server) => {
    const table = Object.entries(parseToml(text, { integersAsBigInt: true }).mcp_servers ?? {});
    return table.find(([key]) => key === server)?.[1] as unknown as { command: string; args?: string[] };
  });
});

test('YAML: nothing outside cmd and args changes, and unwrapping gives the bytes back', () => {
  const text = fc.oneof(
    fc.constantFrom('npx', '-y', '@codespar/mcp-afip', 'yes', '80', 'a: b', 'a #b', "it's", '{x}', '- x', ''),
    fc.string({ maxLength: 12 }),
  );
  const entry = fc.record({
    cmd: text.filter((each) => each !== ''),
    args: fc.option(fc.array(text, { maxLength: 4 }), { nil: undefined }),
    envs: fc.dictionary(fc.stringMatching(/^[A-Z_]{1,8}$/), text, { maxKeys: 2 }),
    timeout: fc.nat(600),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z][a-z-]{0,8}$/), entry), {
        minLength: 1,
        maxLength: 4,
        selector: ([name]) => name,
      }),
      fc.record({
        indent: fc.constantFrom(2, 4),
        indentSeq: fc.boolean(),
        collectionStyle: fc.constantFrom<'any' | 'flow'>('any', 'flow'),
        singleQuote: fc.option(fc.boolean(), { nil: null }),
      }),
      fc.boolean(),
      (servers, style, isWindows) => {
        const extensions = Object.fromEntries(
          servers.map(([name, each]) => [
            name,
            each.args === undefined ? { ...each, args: undefined } : each,
          ]),
        );
        const printed = stringifyYaml({ GOOSE_MODE: 'auto', extensions }, { ...style, lineWidth: 0 });
        const before = `# first\n${printed.replace(/^( *timeout: .*)$/m, '$1 # here')}# last\n`;
        const text = isWindows ? before.replaceAll('\n', '\r\n') : before;
        const document = parseDocument('f', text, 'yaml');
        const stdio = (of: typeof document) =>
          containersAt(of, ['extensions'])
            .flatMap((container) => entriesIn(of, container, SHAPES.extensions))
            .filter((each) => each.kind === 'stdio');
        const found = stdio(document);
        const wraps = found.map((each) => ({
          entry: each,
          prefix: newPrefix(WRAPPER, { server: each.name }, each.nodes.list !== undefined),
        }));
        let edited: Edited;
        try {
          edited = wrapEntries(document, SHAPES.extensions, wraps);
        } catch (error) {
          // A command that means something else as an item of a list is left alone, and told; no plain one is.
          expect(error).toMatchObject({ code: 'CONFIG_CONFLICT' });
          expect(found.some(({ words: [command = ''] }) => /[^\w@./-]|^-$/.test(command))).toBe(true);
          return;
        }
        const read = parseYaml(edited.after.text).extensions;
        for (const { name } of found) {
          const { cmd, args, ...rest } = read[name];
          const then = (extensions as Record<string, { cmd: string; args?: string[] }>)[name];
          expect([cmd, args.slice(args.indexOf('--') + 1)]).toEqual([
            WRAPPER.node,
            [then?.cmd, ...(then?.args ?? [])],
          ]);
          expect({ ...rest, cmd: then?.cmd, args: then?.args }).toEqual({ ...then, args: then?.args });
        }
        expect(unwrapEntries(edited.after, SHAPES.extensions, stdio(edited.after)).after.text).toBe(text);
      },
    ),
    RUNS,
  );
});
