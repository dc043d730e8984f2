import { describe, expect, test } from 'vitest';
import { askLine, askYesNo, assertNoAgent, assertPerson, confirm } from '../../src/cli/person.js';
import { FakeTerminal } from './commands/support.js';

describe('who may loosen something', () => {
  test('a person at a terminal', () => {
    expect(() => assertPerson('approve', new FakeTerminal([]))).not.toThrow();
  });

  test('nobody where there is no terminal; what asks no person may go on there', () => {
    const nobody = new FakeTerminal();
    expect(() => assertPerson('approve', nobody)).toThrow(
      'approve is for a person, and there is no terminal here',
    );
    expect(() => assertNoAgent('uninstall', nobody)).not.toThrow();
  });

  test.each([
    ['1', true],
    ['yes', true],
    ['0', false],
    ['false', false],
    ['', false],
  ])('an agent says so with its variable: %j', (value, isAgent) => {
    const terminal = new FakeTerminal([]);
    terminal.env = { CURSOR_AGENT: value };
    for (const look of [assertPerson, assertNoAgent]) {
      if (isAgent) expect(() => look('reset', terminal)).toThrow('this is a shell of Cursor (CURSOR_AGENT)');
      else expect(() => look('reset', terminal)).not.toThrow();
    }
  });
});

test.each([
  ['y', true],
  [' YES ', true],
  ['No', false],
  ['n', false],
  ['', false],
  [undefined, false],
])('a yes is y or yes: %j', async (typed, said) => {
  const terminal = new FakeTerminal(typed === undefined ? [] : [typed]);
  expect(await confirm('Empty it?', {}, terminal)).toBe(said);
  expect(terminal.questions).toEqual(['Empty it? [y/N] ']);
  expect(terminal.err.text).toBe(said ? '' : 'Nothing was changed.\n');
});

test.each(['s', 'sí', 'sim', 'yess', 'approve', '1'])(
  'what is neither yes nor no is asked again: %j',
  async (typed) => {
    for (const last of ['y', 'n']) {
      const terminal = new FakeTerminal([typed, last]);
      expect(await confirm('Empty it?', {}, terminal)).toBe(last === 'y');
      expect(terminal.questions).toEqual(['Empty it? [y/N] ', 'Empty it? [y/N] ']);
      expect(terminal.err.text).toContain('Please type y for yes, or n for no.\n');
    }
    const leaves = new FakeTerminal([typed]);
    expect([await confirm('Empty it?', {}, leaves), leaves.questions.length]).toEqual([false, 2]);
  },
);

test('--yes leaves the question out', async () => {
  const terminal = new FakeTerminal([]);
  expect(await confirm('Empty it?', { yes: true }, terminal)).toBe(true);
  expect(terminal.questions).toEqual([]);
});

test.each<[string | undefined, boolean, boolean]>([
  ['', true, true],
  ['', false, false],
  ['Y', false, true],
  ['yes', false, true],
  ['no', true, false],
  [undefined, true, false],
])('typed %j where the usual answer is %s', async (typed, fallback, said) => {
  const terminal = new FakeTerminal(typed === undefined ? [] : [typed]);
  expect(await askYesNo('Start it?', fallback, terminal)).toBe(said);
  expect(terminal.questions).toEqual([`Start it? ${fallback ? '[Y/n]' : '[y/N]'} `]);
});

test('where nobody sits, nothing is asked and nothing is answered', async () => {
  const terminal = new FakeTerminal();
  expect(await askYesNo('Start it?', true, terminal)).toBeUndefined();
  expect(terminal.questions).toEqual([]);
});

test('a line is given without the blanks around it; no line is an error', async () => {
  const terminal = new FakeTerminal([' afip ']);
  expect(await askLine('Which? ', terminal)).toBe('afip');
  await expect(askLine('Which? ', terminal)).rejects.toMatchObject({ code: 'REFUSED' });
});
