import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wrapProgram } from '../../src/cli/options.js';
import { loadPolicy } from '../../src/policy/read/load.js';
import { cli } from '../support/cli.js';
import { BLOCKS, blocksWith, DOCUMENTS } from '../support/documents.js';
import { Rig } from '../support/rig.js';
import { Scene } from '../support/scene.js';

/** What is done with each kind of block; one of another kind would be text that nobody runs. */
const KINDS: Readonly<Record<string, string>> = {
  sh: 'its lines are typed by test/readme.test.ts, or named below',
  text: 'no language: a drawing, an address',
  'json policy': 'a whole policy: `check` finds nothing',
  'json cases': 'a file of cases: `test` runs it',
  'json tools': 'members of "tools"',
  'json members': 'members of a policy',
  'json entry': "a client's configuration: each entry is started",
  'json entry shown': 'members of a configuration with places left out: its options exist',
  yaml: 'steps of a workflow: test/packaging/action.test.ts knows their inputs',
  dockerfile: 'of an image that begins with ours: test/packaging/release.test.ts',
  'json message': 'what goes over a wire; what is sent today has these members',
};

/** Lines of `sh` that are not ours to run. */
const NOT_OURS: readonly [line: RegExp, reason: string][] = [
  [/^npm /, "npm's: .ci/package and CI run these"],
  [/^npx vitest|^node \.config|^\.ci\//, 'of the repository: CI'],
  [
    /^docker |^ssh |^CREATE |^SQL$|^mkdir |^export /,
    'of other programs: test/e2e/team-commands.test.ts has the rest',
  ],
];

const RECIPES = DOCUMENTS.filter((path) => /^docs\/recipes\/(?!README)/.test(path));

interface Case {
  readonly expect: { readonly decision: string };
}

test('every block of the documents is of a kind that is tested', () => {
  const others = BLOCKS.filter(
    ({ document, info }) => !(info in KINDS) && !document.startsWith('docs/threats/'),
  );
  expect(others.map(({ document, line, info }) => `${document}:${line} ${info}`)).toEqual([]);
});

test('every line of a block of commands is typed, or said why not', () => {
  const lines = blocksWith('sh').flatMap(([where, text]) =>
    text
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#'))
      .map((line) => [where, line.trim()] as const),
  );
  expect(lines.length).toBeGreaterThan(20);
  const unknown = lines.filter(
    ([, line]) => !/^(?:npx )?policy-wrap /.test(line) && !NOT_OURS.some(([pattern]) => pattern.test(line)),
  );
  expect(unknown).toEqual([]);
});

const errorsOf = (text: string, name: string) =>
  loadPolicy(text, name).problems.filter(({ severity }) => severity === 'error');

const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-docs-'));
afterAll(() => rmSync(folder, { recursive: true }));
const written = (where: string, text: string): string => {
  const path = join(folder, `${where.replace(/\W/g, '-')}.json`);
  writeFileSync(path, text);
  return path;
};

test.each(blocksWith('json policy'))('`check` finds nothing in the policy of %s', (where, text) => {
  const { code, stdout, stderr } = cli(['check', '--strict', written(where, text)], { env: process.env });
  expect(code, stdout + stderr).toBe(0);
});

test.each(blocksWith('json tools'))('these entries of %s load', (where, text) => {
  expect(errorsOf(`{ "version": "1", "default": "deny", "tools": {\n${text}\n} }`, where)).toEqual([]);
});

test.each(blocksWith('json members'))('these members of a policy in %s load', (where, text) => {
  const rest = /^"default"/m.test(text) ? '' : '"default": "deny", ';
  expect(errorsOf(`{ "version": "1", ${rest}\n${text}\n}`, where)).toEqual([]);
});

/** As the page says: the policy is a file, the cases lie in `cases/` beside it. */
test.each(blocksWith('json cases'))('the cases of %s come out as they say', (where, text) => {
  const [document = ''] = where.split(':');
  const name = `${basename(document, '.md')}.json`;
  const home = join(folder, where.replace(/\W/g, '-'));
  mkdirSync(join(home, 'cases'), { recursive: true });
  writeFileSync(join(home, 'cases', name), text);
  const policy = BLOCKS.find((block) => block.document === document && block.info === 'json policy');
  writeFileSync(join(home, name), policy?.text ?? '');
  const { code, stdout, stderr } = cli(['test', `cases/${name}`], { env: process.env, cwd: home });
  expect(code, stdout + stderr).toBe(0);
  expect(stdout).not.toContain('FAIL');
});

test.each(RECIPES)(
  '%s has a policy and cases in which something passes, and something does not',
  (document) => {
    const infos = BLOCKS.filter((block) => block.document === document).map(({ info }) => info);
    expect(infos.filter((info) => info.startsWith('json'))).toEqual(['json policy', 'json cases']);
    const { text = '' } =
      BLOCKS.find((block) => block.document === document && block.info === 'json cases') ?? {};
    const decisions = JSON.parse(text).cases.map(({ expect: { decision } }: Case) => decision);
    expect(decisions).toContain('allow');
    expect(decisions.filter((decision: string) => decision !== 'allow').length).toBeGreaterThan(2);
  },
);

test.each(blocksWith('json message'))('the message of %s is JSON', (_, text) => {
  expect(() => JSON.parse(text)).not.toThrow();
});

test('the refusal that docs/guarantees.md shows is what is sent', async () => {
  const [[, shown = ''] = []] = blocksWith('json message').filter(([where]) =>
    where.startsWith('docs/guarantees'),
  );
  await using rig = new Rig();
  const [[, policy = ''] = []] = blocksWith('json policy').filter(([, text]) =>
    text.includes('track_logout_rate'),
  );
  const wrapper = rig.wrap({ policy });
  await wrapper.initialize();
  for (let n = 0; n < 30; n++) await wrapper.call('track_logout');
  const { result } = await wrapper.call('track_logout');
  const example = JSON.parse(shown);
  const KEY = 'policy-wrap/decision';
  const { retryAfterMs, retryAt, auditId, ...same } = example._meta[KEY];
  expect(result).toMatchObject({ isError: true, _meta: { [KEY]: same } });
  expect(Object.keys(result).sort()).toEqual(Object.keys(example).sort());
  expect(Object.keys(result._meta[KEY]).sort()).toEqual(
    Object.keys({ ...same, retryAfterMs, retryAt, auditId }).sort(),
  );
  const [before] = example.content[0].text.split(' in ');
  expect(result.content[0].text.startsWith(before)).toBe(true);
});

test.each(blocksWith('json entry shown'))('the options in the entry of %s exist', (_, text) => {
  const [run] = wrapProgram(async () => {}).commands;
  const known = run?.options.map(({ long }) => long);
  const named = [...text.matchAll(/"(--[a-z-]+)"/g)].map(([, name]) => name);
  expect(named.filter((name) => !known?.includes(name))).toEqual([]);
});

describe('a client starts', () => {
  let scene: Scene | undefined;
  beforeAll(async () => {
    scene = await Scene.make();
  });
  afterAll(() => scene?.[Symbol.dispose]());

  const entries = blocksWith('json entry').flatMap(([where, text]) =>
    Object.entries(JSON.parse(text).mcpServers).map(
      ([name, entry]) => [name, where, entry as { command: string; args: string[]; env?: object }] as const,
    ),
  );
  test.each(entries)(
    'the entry "%s" of %s, and is given tools',
    async (_name, _where, { command, args, env }) => {
      if (scene === undefined) throw new Error('no scene');
      await using rig = new Rig();
      const home = scene.home();
      expect([command, ...args.slice(0, 2)]).toEqual(['npx', '-y', 'policy-wrap']);
      // No test leaves the machine: what stands at an address is in test/e2e/remote.test.ts.
      if (args.includes('--url')) return;
      const wrapper = rig.spawn(args.slice(2), { cwd: '/', env: { ...scene.env(home), ...env } });
      await wrapper.initialize();
      const { result } = await wrapper.request('tools/list');
      expect(result.tools.length, wrapper.stderr).toBeGreaterThan(0);
      await wrapper.end();
    },
  );
});
