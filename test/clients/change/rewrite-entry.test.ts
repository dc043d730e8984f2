import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Edited, unwrapEntries, wrapEntries } from '../../../src/clients/change/rewrite-entry.js';
import { containersAt, entriesIn, type StdioEntry } from '../../../src/clients/entries.js';
import { type Format, SHAPES, type Shape, type Tolerance } from '../../../src/clients/file-shapes.js';
import { clientById } from '../../../src/clients/known-clients.js';
import type { Place } from '../../../src/clients/places.js';
import { type ConfigDocument, parseDocument } from '../../../src/clients/text/document.js';
import { newPrefix, renewedPrefix, type WrapOptions } from '../../../src/clients/wrapped-command.js';

const FIXTURES = join(import.meta.dirname, '../../fixtures/clients');
const WRAPPER = { node: '/opt/node/bin/node', script: '/opt/policy-wrap/bin/policy-wrap.js' };

interface Kind {
  readonly shape: Shape;
  readonly tolerance: Tolerance;
  readonly format: Format;
}

function kind(id: string): Kind {
  const client = clientById(id);
  if (client === undefined) throw new Error(id);
  return client;
}

function stdio(document: ConfigDocument, at: Place['at'], shape: Shape): StdioEntry[] {
  return containersAt(document, at)
    .flatMap((container) => entriesIn(document, container, shape))
    .filter((entry) => entry.kind === 'stdio');
}

function wrap(
  document: ConfigDocument,
  entries: readonly StdioEntry[],
  shape: Shape,
  options: WrapOptions = {},
): Edited {
  const wraps = entries.map((entry) => ({
    entry,
    prefix: newPrefix(WRAPPER, { server: entry.name, ...options }, entry.nodes.list !== undefined),
  }));
  return wrapEntries(document, shape, wraps);
}

function content({ after }: Edited): string {
  return after.bom + after.text;
}

const PROJECT = { project: '/home/ana/shop' };

const FILES: readonly [file: string, kind: Kind, at?: Place['at']][] = [
  ['claude-desktop.json', kind('claude-desktop')],
  ['claude-desktop-crlf-tabs.json', kind('claude-desktop')],
  ['claude-desktop-bom.json', kind('claude-desktop')],
  ['claude-desktop-minified.json', kind('claude-desktop')],
  ['claude-code.json', kind('claude-code')],
  ['claude-code-local.json', kind('claude-code'), ['projects', PROJECT, 'mcpServers']],
  ['claude-code-project.json', kind('claude-code')],
  ['cursor.json', kind('cursor')],
  ['vscode.json', kind('vscode')],
  ['windsurf.json', kind('windsurf')],
  ['gemini.json', kind('gemini')],
  ['codex.toml', kind('codex')],
  ['codex-crlf.toml', kind('codex')],
  ['codex-inline.toml', kind('codex')],
  ['codex-dotted.toml', kind('codex')],
  ['copilot-cli.json', kind('copilot-cli')],
  ['opencode.json', kind('opencode')],
  ['cline.json', kind('cline')],
  ['zed.json', kind('zed')],
  ['kiro.json', kind('kiro')],
  ['qwen.json', kind('qwen')],
  ['kilo.json', kind('kilo')],
  ['goose.yaml', kind('goose')],
];

test('every file of the fixtures is one of these', () => {
  const both = FILES.flatMap(([file]) => [pathOf(file, 'before'), pathOf(file, 'after')]);
  // Those with `remote` are of rewrite-remote.test.ts.
  const there = readdirSync(FIXTURES).filter((name) => name !== '.gitattributes' && !/-remote\./.test(name));
  expect(both.sort()).toEqual(there.sort());
});

function pathOf(file: string, state: 'before' | 'after'): string {
  return file.replace(/\.(\w+)$/, `.${state}.$1`);
}

function fixture(file: string, state: 'before' | 'after'): string {
  return readFileSync(join(FIXTURES, pathOf(file, state)), 'utf8');
}

describe.each(FILES)('%s', (file, { shape, tolerance, format }, at = shape.at) => {
  const before = fixture(file, 'before');
  // A mark is refused for clients that choke on it, but whatever is edited keeps it.
  const open = (text: string): ConfigDocument =>
    parseDocument(file, text, format, { ...tolerance, byteOrderMark: true });

  test('wraps every stdio entry, byte for byte as recorded', () => {
    const document = open(before);
    const edited = wrap(document, stdio(document, at, shape), shape, { policy: '/home/ana/afip.json' });
    expect(content(edited)).toBe(fixture(file, 'after'));
  });

  test('unwraps to the very bytes there were', () => {
    const document = open(fixture(file, 'after'));
    expect(content(unwrapEntries(document, shape, stdio(document, at, shape)))).toBe(before);
  });

  test('each entry alone, wrapped and unwrapped', () => {
    for (const { name } of stdio(open(before), at, shape)) {
      const document = open(before);
      const one = stdio(document, at, shape).filter((entry) => entry.name === name);
      const { after } = wrap(document, one, shape);
      const again = stdio(after, at, shape).filter((entry) => entry.name === name);
      expect(again.map(({ state }) => state.kind)).toEqual(['wrapped']);
      expect(content(unwrapEntries(after, shape, again))).toBe(before);
    }
  });

  test.each<[title: string, change: (text: string) => string]>([
    ['line ends of Windows', (text) => text.replace(/\r?\n/g, '\r\n')],
    ['line ends of Unix', (text) => text.replaceAll('\r\n', '\n')],
    ['tabs', (text) => text.replace(/^(?: {2})+/gm, (indent) => '\t'.repeat(indent.length / 2))],
    ['a byte order mark', (text) => `\uFEFF${text.replace(/^\uFEFF/, '')}`],
    ['no last line end', (text) => text.trimEnd()],
  ])('with %s, in both directions', (title, change) => {
    // YAML has none before a key.
    if (format === 'yaml' && title === 'tabs') return;
    const document = open(change(before));
    const edited = wrap(document, stdio(document, at, shape), shape, { policy: '/home/ana/afip.json' });
    expect(content(edited)).toBe(change(fixture(file, 'after')));
    const back = unwrapEntries(edited.after, shape, stdio(edited.after, at, shape));
    expect(content(back)).toBe(change(before));
  });

  test('wrapping again changes nothing; a new policy or script changes only the wrapper', () => {
    const document = open(fixture(file, 'after'));
    const renew = (options: WrapOptions, wrapper = WRAPPER): Edited =>
      wrapEntries(
        document,
        shape,
        stdio(document, at, shape).flatMap((entry) =>
          entry.state.kind === 'wrapped'
            ? [{ entry, prefix: renewedPrefix(entry.state.wrapped, wrapper, options) }]
            : [],
        ),
      );
    expect(renew({}).splices).toEqual([]);
    const other = { node: '/new/node', script: '/new/bin/policy-wrap.js' };
    const renewed = renew({ policy: '/home/ana/other.json' }, other);
    expect(content(renewed)).toBe(
      fixture(file, 'after')
        .replaceAll(WRAPPER.node, other.node)
        .replaceAll(WRAPPER.script, other.script)
        .replaceAll('/home/ana/afip.json', '/home/ana/other.json'),
    );
    expect(content(unwrapEntries(renewed.after, shape, stdio(renewed.after, at, shape)))).toBe(before);
  });
});

describe('edits made by hand since', () => {
  const shape = SHAPES.mcpServers;
  const args = (list: string): string => `{"mcpServers": {"a": {"command": "/n/node", "args": ${list}}}}`;

  test.each<[title: string, before: string, after: string]>([
    [
      'comments among the options of the wrapper stay',
      '["/p/bin/policy-wrap.js", // ours\n "--", /* theirs: */ "x", "y"]',
      '[ // ours\n  /* theirs: */ "y"]',
    ],
    [
      'a comment with a comma in it',
      '["/p/bin/policy-wrap.js" /* a, b */ , "--", "x" /* c */]',
      '[ /* a, b */   /* c */]',
    ],
    [
      'a comment without a blank before it',
      '["/p/bin/policy-wrap.js"/* a, b */, "--", "x"]',
      '[/* a, b */ ]',
    ],
    ['a trailing comma goes with the last word', '["/p/bin/policy-wrap.js", "--", "x" , ]', '[ ]'],
    [
      'the mark of missing args, but with an argument since',
      '["/p/bin/policy-wrap.js", "run", "--", "x", "y"]',
      '["y"]',
    ],
  ])('%s', (_title, before, after) => {
    const document = parseDocument('f', args(before), 'json');
    const edited = unwrapEntries(document, shape, stdio(document, shape.at, shape));
    expect(content(edited)).toBe(args(after).replace('"/n/node"', '"x"'));
  });

  test('the mark of missing args, but with a key between: an empty list is the safe answer', () => {
    const text =
      '{"mcpServers": {"a": {"command": "/n/node", "x": 1, "args": ["/p/bin/policy-wrap.js", "run", "--", "x"]}}}';
    const document = parseDocument('f', text, 'json');
    expect(content(unwrapEntries(document, shape, stdio(document, shape.at, shape)))).toBe(
      '{"mcpServers": {"a": {"command": "x", "x": 1, "args": []}}}',
    );
  });

  test('a comment inside options that must be replaced is not thrown away', () => {
    const text = args('["/p/bin/policy-wrap.js", "--policy", // why\n "/q", "--observe", "--", "x"]');
    const document = parseDocument('f', text, 'json');
    const [entry] = stdio(document, shape.at, shape);
    if (entry === undefined) throw new Error('no entry');
    const rewrap = (prefix: string[]): Edited => wrapEntries(document, shape, [{ entry, prefix }]);
    expect(() => rewrap(['/n/node', '/p/bin/policy-wrap.js', '--grant', 'g', '--'])).toThrow(
      'f:1:91: a comment',
    );
    const kept = rewrap(['/n/node', '/p/bin/policy-wrap.js', '--policy', '/r', '--observe', '--']);
    expect(content(kept)).toBe(text.replace('"/q"', '"/r"'));
  });
});

test.each([
  ['"""a""""', 'a"'],
  ['"""a"""""', 'a""'],
  ['""""a"""', '"a'],
  ["'''a'''''", "a''"],
  ['"""\\""""', '"'],
  ['"\\""', '"'],
  ["'\\'", '\\'],
  ['""', ''],
])('TOML writes %s', (raw, value) => {
  const shape = SHAPES.mcp_servers;
  const text = `[mcp_servers.a]\ncommand = "x"\nargs = [${raw}, "]"]\n`;
  const document = parseDocument('f', text, 'toml');
  const entries = stdio(document, shape.at, shape);
  expect(entries[0]?.words).toEqual(['x', value, ']']);
  const { after } = wrap(document, entries, shape);
  expect(after.text).toContain(`"x", ${raw}, "]"]`);
});
