import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wrapProgram } from '../src/cli/options.js';
import { addCommands } from '../src/cli/program.js';
import { ABOVE } from './support/above.js';
import { PYTHON } from './support/asking.js';
import { blocksOf, DOCUMENTS, proseOf, textOf } from './support/documents.js';
import { Scene } from './support/scene.js';

/**
 * Every `policy-wrap ...` of the documents, in blocks and in running text, as it is typed. What docs/commands.md shows
 * of a command is how it may be used, and comes from the command itself.
 */
const commandLines = DOCUMENTS.filter((path) => path !== 'docs/commands.md').flatMap((path) => [
  ...[...proseOf(path).matchAll(/`((?:npx )?policy-wrap [^`]+)`/g)].map(([, line = '']) => line),
  ...blocksOf(path)
    .filter(({ info }) => info === 'sh')
    .flatMap(({ text }) => [...text.matchAll(/^((?:npx )?policy-wrap [^\n#]+)/gm)])
    // What stands far to the right says what it does.
    .map(([, line = '']) => line.replace(/\s{2,}.*/, '').trim()),
]);

test('every command of the program is shown in use', () => {
  const policyWrap = wrapProgram(async () => {});
  addCommands(policyWrap, [], () => {}, ABOVE);
  const names = policyWrap.commands
    .map((command) => command.name())
    .filter((name) => !['run', 'stand-in', 'welcome', 'help'].includes(name) && !name.startsWith('__'));
  expect(names.filter((name) => !commandLines.some((line) => line.includes(`policy-wrap ${name}`)))).toEqual(
    [],
  );
});

test('the README is short', () => {
  expect(textOf('README.md').split('\n').length).toBeLessThan(200);
});

/** Exit codes other than 0 that are the right ones. */
const OTHER_CODES: readonly [line: RegExp, code: number][] = [
  // It says that the call is refused: the amount is larger than the policy lets pass.
  [/ explain create_invoice .*700000/, 4],
  // A change is found: the call that waits for a person is none that passed, and so not in the draft.
  [/ replay .*--check/, 4],
  // There is no store here: test/e2e/team-commands.test.ts has one.
  [/^policy-wrap store /, 2],
  // Nor one that lets its wrapper in: test/e2e/team-install.test.ts has one.
  [/ install .*--store /, 1],
  // There is no channel: nobody is told.
  [/ notify test$/, 1],
  // Until Ctrl-C.
  [/ --(?:watch|follow)$|^policy-wrap ui\b/, 130],
];

/** Lines that cannot run here, with the reason. */
const NOT_RUN: readonly [line: RegExp, reason: string][] = [
  [
    /^policy-wrap (?:approve|check|explain|import|login|logout|reject|replay|rollback|test|threats|trust)$/,
    'only names the command, which needs more',
  ],
  [/^policy-wrap setup$/, 'asks with the arrow keys: test/e2e/setup.test.ts'],
  [/<[a-z ]+>/, 'has a place to fill in'],
  [/ (?:--url|login|logout) https:/, 'no test leaves the machine; test/e2e/remote.test.ts has servers on it'],
];

describe.skipIf(PYTHON === undefined)('a person at a terminal can type', () => {
  let scene: Scene | undefined;
  beforeAll(async () => {
    scene = await Scene.make();
  });
  afterAll(() => scene?.[Symbol.dispose]());

  // Each line has a copy of the home for itself.
  test.concurrent.each([...new Set(commandLines)])('%s', async (line) => {
    if (NOT_RUN.some(([pattern]) => pattern.test(line))) return;
    if (scene === undefined) throw new Error('no scene');
    const { code, shown } = await scene.type(line);
    const expected = OTHER_CODES.find(([pattern]) => pattern.test(line))?.[1] ?? 0;
    // What watches until Ctrl-C may be interrupted before it has said that it minds.
    expect(expected === 130 && code === 0 ? 130 : code, shown).toBe(expected);
    expect(shown).not.toMatch(/^error: /m);
    expect(shown).not.toContain('this is a bug');
  });
});

test('G4: a wrapper that the documents show takes no relative path', () => {
  const wrapping = commandLines.filter((line) => /^(?:npx )?policy-wrap (?:run )?-/.test(line));
  expect(wrapping.length).toBeGreaterThan(1);
  for (const line of wrapping) expect(line).not.toMatch(/--(?:policy|db)[ =](?!["']?(?:\/|~\/|\$PWD\/))/);
});
