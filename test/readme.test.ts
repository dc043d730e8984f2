import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wrapProgram } from '../src/cli/options.js';
import { addCommands } from '../src/cli/program.js';
import { loadPolicy } from '../src/policy/read/load.js';
import { ABOVE } from './support/above.js';
import { PYTHON } from './support/asking.js';
import { cli } from './support/cli.js';
import { Scene } from './support/scene.js';

const readme = readFileSync('README.md', 'utf8');
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, text = '']) => text,
  );

test.each(blocks('json case'))('these cases of the README come out as they say: %s', async (text) => {
  const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-readme-'));
  writeFileSync(join(folder, 'cases.json'), text);
  const { code, stdout } = cli(['test', join(folder, 'cases.json')], { env: process.env });
  rmSync(folder, { recursive: true });
  expect(stdout).not.toContain('FAIL');
  expect(code).toBe(0);
});

test('every command of the program is in the README', async () => {
  const policyWrap = wrapProgram(async () => {});
  addCommands(policyWrap, [], () => {}, ABOVE);
  const names = policyWrap.commands
    .map((command) => command.name())
    .filter((name) => !['run', 'stand-in', 'welcome', 'help'].includes(name));
  expect(names.filter((name) => !new RegExp(`policy-wrap ${name}\\b`).test(readme))).toEqual([]);
});

test('there are policies and commands in the README', () => {
  expect(policies.length).toBeGreaterThan(0);
  expect(commandLines.length).toBeGreaterThan(0);
});

const policies = blocks('json policy');
test.each(policies)('this policy of the README loads: %s', (text) => {
  expect(loadPolicy(text, 'README.md')).toMatchObject({ policy: { default: expect.any(String) } });
});

/** Every `policy-wrap ...` of the documents, in blocks and in running text, as it is typed. */
const documents = ['README.md', ...readdirSync('docs').map((name) => join('docs', name))]
  .filter((path) => path.endsWith('.md'))
  .map((path) => readFileSync(path, 'utf8'));
const commandLines = documents.flatMap((text) => [
  ...[...text.matchAll(/`((?:npx )?policy-wrap [^`]+)`/g)].map(([, line = '']) => line),
  ...[...text.matchAll(/^[ \t]*((?:npx )?policy-wrap [^\n#]+)/gm)].map(([, line = '']) =>
    // What stands far to the right says what it does.
    line.replace(/\s{2,}.*/, ''),
  ),
]);

/** Exit codes other than 0 that are the right ones. */
const OTHER_CODES: readonly [line: RegExp, code: number][] = [
  // It says that the call is refused: the amount is larger than the policy lets pass.
  [/ explain create_invoice .*700000/, 4],
  // A change is found: the call that waits for a person is none that passed, and so not in the draft.
  [/ replay .*--check/, 4],
  // There is no store here: test/e2e/team-commands.test.ts has one.
  [/^policy-wrap store /, 2],
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
  [/<[a-z]+>/, 'has a place to fill in'],
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
