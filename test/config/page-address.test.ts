import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { announcePage, pageAddress } from '../../src/config/page-address.js';
import { dataDir, surroundings } from '../../src/config/paths.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-wrap-page-'));
  for (const name of ['HOME', 'USERPROFILE', 'XDG_DATA_HOME']) vi.stubEnv(name, folder);
  return () => rmSync(folder, { recursive: true, force: true });
});

const file = () => join(dataDir(surroundings()), 'page.json');
function write(text: string): void {
  mkdirSync(dirname(file()), { recursive: true });
  writeFileSync(file(), text);
}

test('messages lead to the page while it is open, and no longer', () => {
  expect(pageAddress()).toBeUndefined();
  const takeBack = announcePage(4711);
  expect(pageAddress()).toBe('http://127.0.0.1:4711/');
  if (process.platform !== 'win32') expect(statSync(file()).mode & 0o777).toBe(0o600);
  takeBack();
  expect(existsSync(file())).toBe(false);
  expect(pageAddress()).toBeUndefined();
  expect(takeBack).not.toThrow();
});

test('a page that came later keeps its place when an earlier one ends', () => {
  const takeBack = announcePage(4711);
  announcePage(4712);
  takeBack();
  expect(pageAddress()).toBe('http://127.0.0.1:4712/');
});

test.each([
  ['a process that is gone', `{"port":4711,"pid":${2 ** 22 + 1}}`],
  ['another form', `{"port":4711,"pid":${process.pid},"x":1}`],
  ['no number', `{"port":"4711","pid":${process.pid}}`],
  ['nothing', ''],
])('what says %s leads nowhere', (_, text) => {
  write(text);
  expect(pageAddress()).toBeUndefined();
});

test('where nothing can be written, messages go without it', () => {
  mkdirSync(dirname(dirname(file())), { recursive: true });
  writeFileSync(dirname(file()), 'no folder');
  expect(announcePage(4711)).not.toThrow();
  expect(pageAddress()).toBeUndefined();
  expect(readFileSync(dirname(file()), 'utf8')).toBe('no folder');
});
