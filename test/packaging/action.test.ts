import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { BIN, RECORDER, Rig } from '../support/rig.js';

interface Step {
  readonly name: string;
  readonly shell: string;
  readonly env: Readonly<Record<string, string>>;
  readonly run: string;
}
const action = parse(readFileSync('action.yml', 'utf8')) as {
  readonly inputs: Readonly<Record<string, { readonly required?: boolean; readonly default?: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
};

/** Does what a runner does with the steps, with an npm that "installs" this build. @returns what each step came to */
function run(rig: Rig, inputs: Readonly<Record<string, string>>) {
  const bin = join(rig.folder, 'bin');
  mkdirSync(bin);
  const temp = join(rig.folder, 'temp');
  writeFileSync(
    join(bin, 'npm'),
    `#!/bin/sh
printf '%s\\n' "$@" > '${rig.folder}/npm-words'
mkdir -p '${temp}/policy-wrap/node_modules/.bin'
printf '#!/bin/sh\\nexec "%s" "%s" "$@"\\n' '${process.execPath}' '${BIN}' > '${temp}/policy-wrap/node_modules/.bin/policy-wrap'
chmod +x '${temp}/policy-wrap/node_modules/.bin/policy-wrap'
`,
  );
  chmodSync(join(bin, 'npm'), 0o755);
  const path = join(rig.folder, 'github-path');
  const output = join(rig.folder, 'github-output');
  writeFileSync(path, '');
  writeFileSync(output, '');
  const results: { name: string; code: number | null; said: string }[] = [];
  for (const step of action.runs.steps) {
    const env = Object.fromEntries(
      Object.entries(step.env).map(([key, value]) => [
        key,
        value.replace(/\$\{\{ inputs\.([\w-]+) \}\}/g, (_, name: string) =>
          String(inputs[name] ?? action.inputs[name]?.default ?? ''),
        ),
      ]),
    );
    const added = readFileSync(path, 'utf8').split('\n').filter(Boolean);
    const script = rig.file(`step-${results.length}.sh`, step.run);
    const { status, stdout, stderr } = spawnSync(
      'bash',
      ['--noprofile', '--norc', '-eo', 'pipefail', script],
      {
        cwd: rig.folder,
        encoding: 'utf8',
        env: {
          ...rig.env(),
          PATH: [...added, bin, process.env.PATH].join(':'),
          RUNNER_TEMP: temp,
          GITHUB_PATH: path,
          GITHUB_OUTPUT: output,
          ...env,
        },
      },
    );
    results.push({ name: step.name, code: status, said: stdout + stderr });
    if (status !== 0) break;
  }
  return { results, codes: results.map(({ code }) => code), output: readFileSync(output, 'utf8') };
}

const POLICY = { version: '1', default: 'deny', tools: { echo: { rate_limit: '10/hour' } } };
const server = [process.execPath, RECORDER, '{}'].join('\n');

test('no input stands in a script', () => {
  expect(action.runs.using).toBe('composite');
  for (const { shell, run: script } of action.runs.steps) {
    expect(shell).toBe('bash');
    expect(script).not.toContain('${{');
    expect(script).not.toMatch(/\beval\b/);
  }
  const passed = action.runs.steps.flatMap(({ env }) => Object.values(env));
  for (const name of Object.keys(action.inputs)) expect(passed).toContain(`\${{ inputs.${name} }}`);
});

describe('the steps, as a runner runs them', () => {
  test('a sound policy passes, its cases too, and what is open is written as SARIF', async () => {
    await using rig = new Rig();
    rig.file('my policy.json', POLICY);
    const one = {
      policy: 'my policy.json',
      cases: [{ name: 'a', call: { tool: 'echo' }, expect: { decision: 'allow' } }],
    };
    rig.file('case 1.json', one);
    rig.file('case 2.json', one);
    const { codes, results, output } = run(rig, {
      policy: 'my policy.json',
      server,
      cases: 'case*.json',
      accept:
        'spare-argument,rug-pull,tool-poisoning,server-requests,backdoored-server,runaway-loop,denial-of-wallet,tool-shadowing,consent-fatigue,double-effect',
    });
    expect(codes, JSON.stringify(results)).toEqual([0, 0, 0, 0]);
    expect(results[2]?.said).toContain('2 passed, 0 failed');
    expect(output).toBe('sarif=policy-wrap.sarif\n');
    expect(JSON.parse(readFileSync(join(rig.folder, 'policy-wrap.sarif'), 'utf8'))).toMatchObject({
      version: '2.1.0',
    });
    expect(readFileSync(join(rig.folder, 'npm-words'), 'utf8')).toMatch(/^install\n.*\n--\npolicy-wrap@\d/s);
  });

  test('a fault in the policy, and a pattern that is open, fail', async () => {
    await using rig = new Rig();
    rig.file('wrong.json', { version: '1' });
    expect(run(rig, { policy: 'wrong.json' }).codes).toEqual([0, 3]);
    await using other = new Rig();
    other.file('open.json', { version: '1', default: 'allow' });
    const { codes, output } = run(other, { policy: 'open.json', server });
    expect(codes).toEqual([0, 0, 0, 4]);
    expect(output).toBe('sarif=policy-wrap.sarif\n');
    expect(existsSync(join(other.folder, 'policy-wrap.sarif'))).toBe(true);
  });

  test('a case that fails, fails', async () => {
    await using rig = new Rig();
    rig.file('p.json', POLICY);
    rig.file('c.json', {
      policy: 'p.json',
      cases: [{ name: 'a', call: { tool: 'rm' }, expect: { decision: 'allow' } }],
    });
    expect(run(rig, { policy: 'p.json', cases: 'c.json' }).codes).toEqual([0, 0, 4]);
  });

  test('what an input holds is not run', async () => {
    const evil = '$(touch pwned)`touch pwned`"; touch pwned; \'';
    for (const name of ['policy', 'server', 'cases', 'accept', 'version', 'strict']) {
      await using rig = new Rig();
      rig.file('p.json', POLICY);
      run(rig, { policy: 'p.json', server, [name]: evil });
      expect(readdirSync(rig.folder), name).not.toContain('pwned');
    }
  });
});

test('what the formula and the notes are made of', async () => {
  await using rig = new Rig();
  const file = rig.file('policy-wrap-1.2.3.tgz', 'packed');
  const formula = execFileSync(process.execPath, ['packaging/homebrew/fill.js', file], { encoding: 'utf8' });
  expect(formula).not.toContain('{{');
  expect(formula).toContain('/v1.2.3/policy-wrap-1.2.3.tgz"');
  expect(formula).toContain(`sha256 "${createHash('sha256').update('packed').digest('hex')}"`);
  expect(spawnSync(process.execPath, ['packaging/homebrew/fill.js', 'other.tgz']).status).toBe(2);
});

test('the inputs that docs/distribution.md shows exist', () => {
  const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/distribution.md', 'utf8')) ?? [];
  const [step] = parse(text) as { readonly uses: string; readonly with: object }[];
  expect(step?.uses).toMatch(/^policy-wrap\/policy-wrap@v/);
  expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(step?.with ?? {})));
});

test('the action installs the version that it stands beside', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(String(action.inputs.version?.default)).toBe(version);
  expect(readFileSync('docs/distribution.md', 'utf8')).toContain(`uses: policy-wrap/policy-wrap@v${version}`);
});
