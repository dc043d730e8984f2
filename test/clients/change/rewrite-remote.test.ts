import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canBeWrapped } from '../../../src/clients/change/plan.js';
import {
  canUnwrap,
  type Edited,
  unwrapEntries,
  wrapEntries,
} from '../../../src/clients/change/rewrite-entry.js';
import { containersAt, entriesIn, type RemoteEntry, type StdioEntry } from '../../../src/clients/entries.js';
import { SHAPES, type Shape } from '../../../src/clients/file-shapes.js';
import { CLIENTS } from '../../../src/clients/known-clients.js';
import { type ConfigDocument, parseDocument } from '../../../src/clients/text/document.js';
import { newRemotePrefix, renewedPrefix } from '../../../src/clients/wrapped-command.js';

const FIXTURES = join(import.meta.dirname, '../../fixtures/clients');
const WRAPPER = { node: '/opt/node/bin/node', script: '/opt/policy-wrap/bin/policy-wrap.js' };

function entries(document: ConfigDocument, shape: Shape) {
  return containersAt(document, shape.at).flatMap((container) => entriesIn(document, container, shape));
}

function remote(document: ConfigDocument, shape: Shape): RemoteEntry[] {
  return entries(document, shape)
    .filter((entry) => entry.kind === 'remote')
    .filter(canBeWrapped) as RemoteEntry[];
}

function wrapped(document: ConfigDocument, shape: Shape): StdioEntry[] {
  return entries(document, shape).filter(
    (entry) => entry.kind === 'stdio' && entry.state.kind === 'wrapped',
  ) as StdioEntry[];
}

function wrap(document: ConfigDocument, shape: Shape, chosen = remote(document, shape)): Edited {
  return wrapEntries(
    document,
    shape,
    chosen.map((entry) => ({
      entry,
      prefix: newRemotePrefix(
        WRAPPER,
        { server: entry.name, db: '/home/ana/pw.db', policy: '/home/ana/p.json' },
        entry,
      ),
    })),
  );
}

const content = ({ after }: Edited) => after.bom + after.text;
const unwrap = (document: ConfigDocument, shape: Shape, chosen = wrapped(document, shape)) =>
  content(unwrapEntries(document, shape, chosen));

/** Every file of the fixtures that has entries by address, those of other tests included. */
const FILES = readdirSync(FIXTURES)
  .filter((name) => name.includes('.before.'))
  .map((file) => {
    const [client] = CLIENTS.filter(({ id }) => file.startsWith(`${id}.`) || file.startsWith(`${id}-`)).sort(
      (a, b) => b.id.length - a.id.length,
    );
    if (client === undefined) throw new Error(`no client for ${file}`);
    return { ...client, file, text: readFileSync(join(FIXTURES, file), 'utf8') };
  })
  .filter(({ file, format, shape, tolerance, text }) => {
    const document = parseDocument(file, text, format, { ...tolerance, byteOrderMark: true });
    return remote(document, shape).length > 0;
  });

test('the fixtures have entries by address of most clients', () => {
  expect(new Set(FILES.map(({ id }) => id)).size).toBeGreaterThan(10);
});

describe.each(FILES)('$file', ({ file, format, shape, tolerance, text }) => {
  const open = (source: string) => parseDocument(file, source, format, { ...tolerance, byteOrderMark: true });

  test('is wrapped as recorded, and unwrapped to the very bytes there were', async () => {
    const edited = wrap(open(text), shape);
    if (file.includes('-remote.'))
      await expect(content(edited)).toMatchFileSnapshot(join(FIXTURES, file.replace('.before.', '.after.')));
    expect(unwrap(open(content(edited)), shape)).toBe(text);
  });

  test('no value of a header stands among the words, and each is in the environment', () => {
    const document = open(text);
    const { after } = wrap(document, shape);
    const values = remote(document, shape).map(({ name: entry, env }) => [entry, [...env.values()]] as const);
    for (const [entry, kept] of values) {
      const found = wrapped(after, shape).find((each) => each.name === entry);
      expect([...(found?.env.values() ?? [])]).toEqual(kept);
      for (const value of kept) if (value.length > 2) expect(found?.words.join('\n')).not.toContain(value);
    }
  });

  test('each entry alone, wrapped and unwrapped', () => {
    for (const entry of remote(open(text), shape)) {
      const document = open(text);
      const { after } = wrap(
        document,
        shape,
        remote(document, shape).filter((each) => each.name === entry.name),
      );
      expect(wrapped(after, shape).map((each) => each.name)).toContain(entry.name);
      expect(unwrap(after, shape)).toBe(text);
    }
  });

  test.each<[title: string, change: (text: string) => string]>([
    ['line ends of Windows', (source) => source.replace(/\r?\n/g, '\r\n')],
    ['a byte order mark', (source) => `\uFEFF${source.replace(/^\uFEFF/, '')}`],
    ['no last line end', (source) => source.trimEnd()],
    [
      'keys in single quotes',
      (source) => (format === 'json' ? source : source.replace(/^( *)url = /gm, "$1'url' = ")),
    ],
  ])('with %s, in both directions', (_title, change) => {
    const source = change(text);
    const edited = wrap(open(source), shape);
    expect(content(edited)).not.toBe(source);
    expect(unwrap(edited.after, shape)).toBe(source);
  });

  test('a new policy and script change only the wrapper, and the way back stays', () => {
    const document = wrap(open(text), shape).after;
    const other = { node: '/new/node', script: '/new/bin/policy-wrap.js' };
    const renewed = wrapEntries(
      document,
      shape,
      wrapped(document, shape).flatMap((entry) =>
        entry.state.kind === 'wrapped'
          ? [
              {
                entry,
                prefix: renewedPrefix(entry.state.wrapped, other, {
                  policy: '/home/ana/q.json',
                  observe: true,
                }),
              },
            ]
          : [],
      ),
    );
    expect(content(renewed)).toContain('/home/ana/q.json');
    expect(unwrap(renewed.after, shape)).toBe(text);
  });
});

describe('edits made by hand since', () => {
  const shape = SHAPES.mcpServers;
  const text = '{"mcpServers": {"a": {"url": "https://a.example/mcp", "headers": {"X-Key": "one"}}}}';
  const install = () => content(wrap(parseDocument('f', text, 'json'), shape));

  test('a new value of a header survives', () => {
    const document = parseDocument('f', install().replace('"one"', '"two"'), 'json');
    expect(unwrap(document, shape)).toBe(text.replace('"one"', '"two"'));
  });

  test('another address survives, and settings beside it', () => {
    const edited = install()
      .replace('"https://a.example/mcp"', '"https://b.example/mcp"')
      .replace('"env"', '"disabled": true, "env"');
    expect(unwrap(parseDocument('f', edited, 'json'), shape)).toBe(
      text.replace('a.example', 'b.example').replace('"headers"', '"disabled": true, "headers"'),
    );
  });

  test('a variable that is no header is not made one', () => {
    const document = parseDocument(
      'f',
      install().replace('"env": {', '"env": {"HTTPS_PROXY": "http://p", '),
      'json',
    );
    expect(() => unwrap(document, shape)).toThrow('HTTPS_PROXY is no header');
  });

  test('an entry that was written by hand has no way back, and stays', () => {
    const byHand =
      '{"mcpServers": {"a": {"command": "npx", "args": ["policy-wrap", "--url", "https://a.example/mcp"]}}}';
    const [entry] = wrapped(parseDocument('f', byHand, 'json'), shape);
    expect(entry && canUnwrap(entry)).toBe(false);
  });
});

test.each<[title: string, entry: string, why: string]>([
  ['in the clear', '{"url": "http://a.example/mcp"}', 'is not encrypted'],
  ['a password in the address', '{"url": "https://a:b@a.example/mcp"}', 'holds a secret'],
  ['a secret in the address', '{"url": "https://a.example/mcp?token=abcdef"}', 'holds a secret'],
  ['WebSocket', '{"type": "ws", "url": "https://a.example/mcp"}', 'WebSocket'],
  ['both tables', '{"url": "https://a.example/mcp", "headers": {}, "env": {}}', 'both'],
  ['a number as a header', '{"url": "https://a.example/mcp", "headers": {"X-A": 1}}', 'X-A is no text'],
  [
    'a header of the protocol',
    '{"url": "https://a.example/mcp", "headers": {"MCP-Session-Id": "1"}}',
    'belongs to the protocol',
  ],
  [
    'a header that stands twice',
    '{"url": "https://a.example/mcp", "headers": {"A": "1", "A": "2"}}',
    'twice',
  ],
  ['no table', '{"url": "https://a.example/mcp", "headers": []}', 'no table of headers'],
])('%s is an obstacle', (_title, entry, why) => {
  const document = parseDocument('f', `{"mcpServers": {"a": ${entry}}}`, 'json');
  const [found] = entries(document, SHAPES.mcpServers);
  expect(found).toMatchObject({ kind: 'remote', obstacle: expect.stringContaining(why) });
});
