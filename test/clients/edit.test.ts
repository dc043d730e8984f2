import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ConfigDocument, parseDocument } from '../../src/clients/document.js';
import { type Edited, unwrapEntries, wrapEntries } from '../../src/clients/edit.js';
import { containersAt, entriesIn, type StdioEntry } from '../../src/clients/entries.js';
import {
  clientById,
  type Format,
  LENIENT,
  type Place,
  SHAPES,
  type Shape,
  type Tolerance,
} from '../../src/clients/table.js';
import { newPrefix, renewedPrefix, type WrapOptions } from '../../src/clients/wrapping.js';

const FIXTURES = join(import.meta.dirname, '../fixtures/clients');
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
const custom = (shape: Shape, format: Format): Kind => ({ shape, format, tolerance: LENIENT });

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
  ['zed.json', custom(SHAPES.context_servers, 'json')],
  ['opencode.json', custom(SHAPES.mcp, 'json')],
];

function fixture(file: string, state: 'before' | 'after'): string {
  const name = file.replace(/\.(\w+)$/, `.${state}.$1`);
  return readFileSync(join(FIXTURES, name), 'utf8');
}

describe.each(FILES)('%s', (file, { shape, tolerance, format }, at = shape.at) => {
  const before = fixture(file, 'before');
  const open = (text: string): ConfigDocument => parseDocument(file, text, format, tolerance);

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

  test('wrapping again changes nothing; a new policy or script changes only the wrapper', () => {
    const document = open(fixture(file, 'after'));
    const renew = (options: WrapOptions, wrapper = WRAPPER): Edited =>
      wrapEntries(
        document,
        shape,
        stdio(document, at, shape).flatMap((entry) =>
          entry.state.kind === 'wrapped'
            ? [{ entry, prefix: renewedPrefix(entry.state.wrapping, wrapper, options) }]
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
