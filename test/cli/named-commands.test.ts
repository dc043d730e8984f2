import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { wrapProgram } from '../../src/cli/options.js';
import { addCommands } from '../../src/cli/program.js';
import { ABOVE } from '../support/above.js';

const program = wrapProgram(async () => {});
addCommands(program, [], () => {}, ABOVE);

/** What may stand behind the name of the program where a sentence goes on; anything else is taken for a command. */
const PROSE = new Set(
  'again can does everywhere from in is knows lies looks never no on out policy puts reach seems than wants was with without [options]'.split(
    ' ',
  ),
);

/** What is said, comments aside: those are not read at a shell. */
function textsOf(path: string): string {
  return readFileSync(path, 'utf8')
    .replace(/\/\*\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/ .*$/gm, '');
}

/** @returns what is wrong with a command line that a message names; undefined where it can be typed so */
function faultOf(line: string): string | undefined {
  const [name = '', ...rest] = line
    .split(/\s+/)
    .map((word) => word.replace(/(?<=[a-z])\$\{.+$/, '').replace(/(?:\\n|[`'"”»\\)\],.;:?])+$/, ''))
    .filter((word) => word !== '');
  if (PROSE.has(name) || name.startsWith('$')) return undefined;
  const isRun = name === '' || name.startsWith('-');
  const command = program.commands.find((each) => each.name() === (isRun ? 'run' : name));
  if (command === undefined) return `no command ${name}`;
  const words = isRun ? [name, ...rest] : rest;
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  const flags = own.filter((word) => /^--?[a-z][a-z-]*/.test(word)).map((word) => word.replace(/=.*/, ''));
  const known = [...command.options, ...program.options].flatMap(({ short, long }) => [short, long]);
  known.push('--help');
  return flags.find((flag) => !known.includes(flag));
}

describe('every command that a message names can be typed', () => {
  // Scripts for shells say more than commands: test/e2e/completions.test.ts has the shells.
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.startsWith('cli/completion/'),
  );
  const named = files.flatMap((name) =>
    [...textsOf(join('src', name)).matchAll(/\bpolicy-wrap ([^\n]*)/g)].map(
      ([, line = '']) => [name, line.split(/ policy-wrap |[`'"](?=[,;)\s]|$)/)[0] ?? ''] as const,
    ),
  );

  test('they are found', () => {
    expect(named.filter(([, line]) => /^(?:init|reset|trust|install) /.test(line)).length).toBeGreaterThan(
      10,
    );
  });

  test.each(named)('%s: policy-wrap %s', (_, line) => {
    expect(faultOf(line)).toBeUndefined();
  });

  test.each([
    ['chekc my.json', 'no command chekc'],
    ['check my.json --strickt', '--strickt'],
    ['status lists them, and shows more', undefined],
    ['trust <server> --dry-run', undefined],
    ['--polcy p.json -- mcp-afip', '--polcy'],
    ['-- mcp-afip --anything', undefined],
  ])('of %j it is seen', (line, fault) => {
    expect(faultOf(line)).toBe(fault);
  });
});

describe('what to do about an error is a sentence, or a command to type', () => {
  const hints = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const text = textsOf(join('src', name));
      if (!text.includes('new PolicyWrapError(')) return [];
      return [...text.matchAll(/hint:\s+(['`])((?:(?!\1).)+)\1(?=[\s,}])/g)].map(
        ([, , hint = '']) => [name, hint] as const,
      );
    });

  test('they are found', () => {
    expect(hints.length).toBeGreaterThan(40);
  });

  test.each(hints)('%s: %s', (_, hint) => {
    const isSentence = /^[A-Z`"].*(?:[.?>}`]|policy-wrap [^;]*)$/.test(hint);
    expect(isSentence || /^(?:policy-wrap |--|\$\{)/.test(hint)).toBe(true);
  });
});
