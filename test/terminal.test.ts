import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { confirm, type Look, lookOf, table, tinted } from '../src/terminal.js';

const TERMINAL = { isTTY: true, columns: 40 };
const PLAIN: Look = { colour: false, width: undefined };

describe('lookOf', () => {
  test.each([
    ['a terminal', TERMINAL, {}, {}, true],
    ['a pipe', {}, {}, {}, false],
    ['NO_COLOR', TERMINAL, {}, { NO_COLOR: '1' }, false],
    ['an empty NO_COLOR', TERMINAL, {}, { NO_COLOR: '' }, true],
    ['TERM=dumb', TERMINAL, {}, { TERM: 'dumb' }, false],
    ['--no-color', TERMINAL, { color: false }, {}, false],
  ])('%s', (_, stream, options, env, colour) => {
    expect(lookOf(stream, options, env).colour).toBe(colour);
  });

  test('only a terminal has a width', () => {
    expect(lookOf(TERMINAL, {}, {}).width).toBe(40);
    expect(lookOf({ columns: 40 }, {}, {}).width).toBeUndefined();
  });
});

describe('table', () => {
  test('lines up columns, wide letters and marks too, without spaces at the end', () => {
    const rows = [
      ['a', 'x'],
      ['漢字', 'y'],
      ['e\u0301e', ''],
    ];
    expect(table(['name', 'b'], rows, PLAIN, 0)).toBe('name  b\na     x\n漢字  y\ne\u0301e\n');
  });

  test('cuts one column to the width of the terminal, and nothing in a pipe', () => {
    const rows = [['tool', 'a long reason that does not fit into so few columns', 'last']];
    const cut = table(['a', 'b', 'c'], rows, { colour: false, width: 30 }, 1);
    expect(cut.split('\n').map((line) => line.length)).toEqual([27, 30, 0]);
    expect(cut).toContain('…  last');
    expect(table(['a', 'b', 'c'], rows, PLAIN, 1)).toContain('so few columns  last');
  });

  test('tints without moving columns', () => {
    const look: Look = { colour: true, width: undefined };
    const [, row] = table(['a', 'b'], [[{ text: 'no', tint: 'red' }, 'x']], look, 1).split('\n');
    expect(row).toBe('\x1b[31mno\x1b[0m  x');
    expect(tinted('no', 'red', PLAIN)).toBe('no');
  });
});

describe('confirm', () => {
  const ask = async (answer: string | undefined, fallback: boolean, tty = { input: true, output: true }) => {
    const input = Object.assign(new PassThrough(), { isTTY: tty.input });
    const output = Object.assign(new PassThrough(), { isTTY: tty.output });
    const asked = confirm('Start it?', fallback, { input, output });
    input.end(answer);
    return asked;
  };

  test.each([
    ['y\n', false, true],
    ['YES\n', false, true],
    ['n\n', true, false],
    ['perhaps\n', true, false],
    ['\n', true, true],
    ['\n', false, false],
    [undefined, true, false],
  ])('%j where an empty line means %j: %j', async (answer, fallback, expected) => {
    expect(await ask(answer, fallback)).toBe(expected);
  });

  test('asks nobody unless both streams are a terminal', async () => {
    expect(await ask('y\n', true, { input: false, output: true })).toBeUndefined();
    expect(await ask('y\n', true, { input: true, output: false })).toBeUndefined();
  });
});
