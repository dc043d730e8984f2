import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KNOWN_SERVERS } from '../../src/catalog/servers.js';
import { declaredArguments, knownDefinitions, knownTools } from '../../src/draft/known-tools.js';
import { Store } from '../../src/store/store.js';

const AFIP = 'mcp-afip';
const ofAfip = KNOWN_SERVERS.find(({ command }) => command === AFIP)?.tools ?? [];
const [catalogued] = ofAfip;
const NOTE = { name: 'note', inputSchema: { type: 'object', properties: { text: { type: 'string' } } } };

let folder = '';
let db = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-wrap-known-'));
  db = join(folder, 'state.db');
  const store = Store.open(db);
  const observer = { by: 'x', ended: new Set(['tool' as const, 'prompt' as const]) };
  const long = { name: 'long', description: 'x'.repeat(70_000), inputSchema: NOTE.inputSchema };
  const seen = (...tools: { name: string }[]) =>
    tools.map((tool) => ({ name: tool.name, definition: JSON.stringify(tool) }));
  store.seeTools('notes', seen(NOTE, long), observer);
  store.seeTools('notes', [{ name: 'greet', kind: 'prompt', definition: '{"name":"greet"}' }], observer);
  const own = { name: catalogued?.name ?? '', inputSchema: { type: 'object', additionalProperties: false } };
  store.seeTools('other', seen(own), observer);
  store.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('what is known without a server being started', () => {
  test('are the names of the catalogue and those that wrappers have seen, of one server or of all', () => {
    const names = ofAfip.map(({ name }) => name);
    expect(names.length).toBeGreaterThan(0);
    expect(knownTools(AFIP, db)).toEqual(names);
    expect([...knownTools('notes', db)].sort()).toEqual(['long', 'note']);
    const all = knownTools(undefined, db);
    expect(all).toEqual(expect.arrayContaining([...names, 'note']));
    expect(all.length).toBe(KNOWN_SERVERS.flatMap(({ tools }) => tools).length + 3);
    expect(knownTools('nobody', db)).toEqual([]);
  });

  test('a database that is not there, or is none, adds nothing and is not made', () => {
    const missing = join(folder, 'missing.db');
    expect(knownTools('notes', missing)).toEqual([]);
    expect(() => Store.open(missing, { mustExist: true })).toThrow();
    expect(knownTools(AFIP, folder)).toHaveLength(ofAfip.length);
  });

  test('are definitions as they were first seen, else those of the catalogue; none that was too long to keep', () => {
    expect(knownDefinitions('notes', db)).toEqual([NOTE]);
    expect(knownDefinitions(AFIP, db)).toEqual(ofAfip);
    expect(knownDefinitions('nobody', db)).toEqual([]);
  });
});

describe('arguments by the schema of a tool', () => {
  const fault = (tool: string, server: string | undefined, args: object) =>
    declaredArguments(tool, server, db)?.(args as never);

  test('are looked at as the tool was first seen, on this server or on any', () => {
    for (const server of ['notes', undefined]) {
      expect(fault('note', server, { text: 'a' })).toBeUndefined();
      expect(fault('note', server, { txet: 'a' })).toContain('txet');
    }
    expect(fault(catalogued?.name ?? '', 'other', { anything: 1 })).toContain('anything');
  });

  test('are looked at as the catalogue has it, where nobody has seen the tool', () => {
    const [required] = catalogued?.inputSchema.required ?? [];
    expect(required).toBeDefined();
    const name = catalogued?.name ?? '';
    expect(fault(name, AFIP, {})).toContain(required ?? '');
    expect(declaredArguments(name, 'notes', db)).toBeUndefined();
  });

  test('are not looked at where no schema is known', () => {
    expect(declaredArguments('unseen', undefined, db)).toBeUndefined();
    expect(declaredArguments('note', 'other', db)).toBeUndefined();
    expect(declaredArguments('long', 'notes', db)).toBeUndefined();
    expect(declaredArguments('greet', 'notes', db)).toBeUndefined();
  });
});
