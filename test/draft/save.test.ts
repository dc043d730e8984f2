import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSnapshot } from '../../src/clients/files/read.js';
import { policyVersions } from '../../src/config/policy-history.js';
import { saveDraft, writePolicyText } from '../../src/draft/save.js';

const NOW = Date.UTC(2026, 10, 22, 11);
const OLD = '// mine\r\n{ "version": "1", "default": "deny", "tools": { "a": {} } }\r\n';
const NEW = OLD.replace('"a": {}', '"a": {}, "b": {}');

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-wrap-save-'));
  file = join(folder, 'afip.json');
  return () => rmSync(folder, { recursive: true, force: true });
});
afterEach(() => expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]));

test('a draft is saved byte for byte, and the version before is kept', () => {
  writeFileSync(file, OLD);
  const saved = saveDraft(file, OLD, NEW, NOW);
  expect(readFileSync(file, 'utf8')).toBe(NEW);
  const [version] = policyVersions(file);
  expect(saved).toEqual({ kind: 'saved', kept: version?.path });
  expect(readFileSync(version?.path ?? '', 'utf8')).toBe(OLD);
  expect(saveDraft(file, NEW, NEW, NOW)).toEqual({ kind: 'same' });
  expect(policyVersions(file)).toHaveLength(1);
});

test.skipIf(process.platform === 'win32')(
  'a link that takes the place of the file between reading and saving leads no write to another file',
  () => {
    const other = join(folder, 'other.json');
    writeFileSync(file, OLD);
    writeFileSync(other, 'not a policy');
    rmSync(file);
    symlinkSync(other, file);
    expect(saveDraft(file, OLD, NEW, NOW)).toEqual({ kind: 'conflict', text: 'not a policy' });
    expect(readFileSync(other, 'utf8')).toBe('not a policy');

    // In the very moment of the write, and with the text that is looked for: the link goes, what it leads to stays.
    rmSync(file);
    writeFileSync(file, OLD);
    const before = readSnapshot(file);
    writeFileSync(other, OLD);
    rmSync(file);
    symlinkSync(other, file);
    writePolicyText(file, before, NEW, NOW);
    expect(lstatSync(file).isFile()).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe(NEW);
    expect(readFileSync(other, 'utf8')).toBe(OLD);
  },
);

test('a file that changed since it was read is not written: what it says now comes back', () => {
  const other = OLD.replace('deny', 'allow');
  writeFileSync(file, other);
  expect(saveDraft(file, OLD, NEW, NOW)).toEqual({ kind: 'conflict', text: other });
  rmSync(file);
  expect(saveDraft(file, OLD, NEW, NOW)).toEqual({ kind: 'conflict', text: '' });
  expect(existsSync(file)).toBe(false);
});

test('a new file is made where there is none, and never over one that came meanwhile', () => {
  const deep = join(folder, 'new', 'afip.json');
  expect(saveDraft(deep, '', NEW, NOW)).toEqual({ kind: 'saved', kept: undefined });
  expect(readFileSync(deep, 'utf8')).toBe(NEW);
  expect(saveDraft(deep, '', OLD, NOW)).toEqual({ kind: 'conflict', text: NEW });
  // Two who write the same.
  expect(saveDraft(deep, '', NEW, NOW)).toEqual({ kind: 'same' });
});

test('G3: a draft with an error is not saved, and says where', () => {
  writeFileSync(file, OLD);
  const saved = saveDraft(file, OLD, OLD.replace('"default"', '"defualt"'), NOW);
  expect(saved).toMatchObject({
    kind: 'invalid',
    problems: [{ code: 'MISSING' }, { code: 'UNKNOWN_KEY', line: 2, column: 19, likely: 'default' }],
  });
  const extending = OLD.replace('"tools"', '"extends": "org.json", "tools"');
  expect(saveDraft(file, OLD, extending, NOW)).toMatchObject({
    kind: 'invalid',
    problems: [{ pointer: '/extends', line: 2, message: expect.stringContaining('does not exist') }],
  });
  writeFileSync(join(folder, 'org.json'), '{ "version": "1" }');
  expect(saveDraft(file, OLD, extending, NOW)).toMatchObject({
    kind: 'invalid',
    problems: [
      { pointer: '/extends', message: expect.stringMatching(/org\.json cannot be used, line 1: .*missing/) },
    ],
  });
  expect(readFileSync(file, 'utf8')).toBe(OLD);
});

test('a file that is read-only stays so', () => {
  writeFileSync(file, OLD);
  chmodSync(file, 0o444);
  expect(() => saveDraft(file, OLD, NEW, NOW)).toThrow(/read-only/);
  expect(readFileSync(file, 'utf8')).toBe(OLD);
});
