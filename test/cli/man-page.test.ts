import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/command-table.js';
import { manPage, VARIABLES } from '../../src/cli/man-page.js';
import { wrapProgram } from '../../src/cli/options.js';
import { addCommands } from '../../src/cli/program.js';
import { ABOVE } from '../support/above.js';
import { Rig } from '../support/rig.js';

function page(): string {
  const policyWrap = wrapProgram(async () => {});
  addCommands(policyWrap, [], () => {}, ABOVE);
  return manPage(policyWrap, COMMANDS, '1.2.3');
}

const here = (tool: string) => spawnSync(tool, ['-V']).error === undefined;

test('the manual page has every command that is listed, its options and its exit codes, and no other', () => {
  const text = page();
  for (const { name, summary, options = [] } of COMMANDS) {
    const head = `.SS "policy\\-wrap ${name.replaceAll('-', '\\-')}`;
    expect(text.includes(head), name).toBe(summary !== undefined);
    if (summary === undefined) continue;
    const part = text.slice(text.indexOf(head)).split('\n.S')[0] ?? '';
    for (const { long } of options) expect(part, name).toContain(long?.replaceAll('-', '\\-'));
    expect(part).toContain('Ends with 0 done; 1 failed; 2 wrong usage');
  }
  expect(text).not.toContain('__complete');
});

test('a line that begins like a command of roff is text', () => {
  const policyWrap = wrapProgram(async () => {});
  const row = { name: 'dot', summary: `.so /etc/passwd \\n "x" 'y'`, load: async () => async () => 0 };
  addCommands(policyWrap, [], () => {}, ABOVE, [row]);
  const text = manPage(policyWrap, [row], '1');
  expect(text).not.toMatch(/^[.']so/m);
  expect(text).toContain('\\en \\(dqx\\(dq \\(aqy\\(aq');
});

test.skipIf(!here('man'))('man shows it without a warning', async () => {
  await using rig = new Rig();
  const file = rig.file('policy-wrap.1', page());
  const { stdout, stderr } = spawnSync('man', ['--warnings', '-l', '-E', 'UTF-8', '-Tutf8', '-Z', file], {
    encoding: 'utf8',
    env: { ...rig.env(), LC_ALL: 'C.UTF-8', MANWIDTH: '80' },
  });
  expect(stderr).toBe('');
  expect(stdout.length).toBeGreaterThan(1000);
});

test.skipIf(!here('mandoc'))('mandoc finds nothing wrong with it', async () => {
  await using rig = new Rig();
  const file = rig.file('policy-wrap.1', page());
  const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', file], { encoding: 'utf8' });
  // A date would differ with every build.
  expect(stdout.split('\n').filter((line) => line !== '' && !/missing date/.test(line))).toEqual([]);
  const shown = spawnSync('mandoc', ['-T', 'utf8', '-O', 'width=80', file], { encoding: 'utf8' }).stdout;
  // Bold is a character, a step back, and the character again.
  const text = shown.split('\b').map((part, at, all) => (at < all.length - 1 ? part.slice(0, -1) : part));
  expect(text.join('')).toContain('policy-wrap approve <id>');
});

test('the variables are those that the sources read', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('cli/man-page'))
    .map((name) => readFileSync(join('src', name), 'utf8'))
    .join('\n');
  const read = new Set([...sources.matchAll(/\bPOLICY_WRAP_[A-Z_]+[A-Z]\b/g)].map(([name]) => name));
  // What a notification on the desktop is handed.
  for (const own of ['POLICY_WRAP_TITLE', 'POLICY_WRAP_TEXT']) read.delete(own);
  const told = VARIABLES.flat().join(' ');
  expect([...read].filter((name) => !new RegExp(`\\b${name}\\b`).test(told))).toEqual([]);
});
