import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { takeApart } from '../src/main.js';
import { wrapProgram } from '../src/options.js';
import { loadPolicy } from '../src/policy/load.js';
import { addCommands } from '../src/program.js';
import { cli } from './support/cli.js';

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
  addCommands(policyWrap, [], () => {});
  const names = policyWrap.commands
    .map((command) => command.name())
    .filter((name) => !['run', 'stand-in', 'help'].includes(name));
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

/** Every `policy-wrap ...`, in blocks and in running text; a client entry counts by its arguments. */
const commandLines = [
  ...[...readme.matchAll(/`((?:npx )?policy-wrap [^`]+)`/g)].map(([, text = '']) => text),
  ...[...readme.matchAll(/^((?:npx )?policy-wrap [^\n#]+)/gm)].map(([, text = '']) =>
    text.replace(/\s{2,}.*/, ''),
  ),
];

test.each([...new Set(commandLines)])('this command line of the README parses: %s', async (text) => {
  const words = [...text.replace(/^npx /, '').matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    (m) => m[1] ?? m[2] ?? m[3] ?? '',
  );
  const upTo = words.findIndex((word) => /^[|>]/.test(word));
  const { own, server } = takeApart(
    words.slice(1, upTo === -1 ? undefined : upTo).map((word) => word.replace(/^<.*>$/, 'x')),
  );
  let ran = '';
  const policyWrap = wrapProgram(async () => {});
  addCommands(policyWrap, server, () => {});
  const quiet = (command: Command) => {
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
    if (command.commands.length === 0)
      command.action(() => {
        ran = command.name();
      });
    command.commands.forEach(quiet);
  };
  quiet(policyWrap);
  await policyWrap.parseAsync([...own], { from: 'user' });
  expect(ran).not.toBe('');
});
