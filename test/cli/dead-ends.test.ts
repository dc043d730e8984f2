import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { KNOWN_SERVERS } from '../../src/catalog/servers.js';
import { STRENGTH_NAMES } from '../../src/catalog/strengths.js';
import { cli } from '../support/cli.js';
import { BIN } from '../support/rig.js';

const home = mkdtempSync(join(tmpdir(), 'policy-wrap-dead-ends-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const env = { PATH: process.env.PATH, HOME: home };
const standIn = (kind: string) => [process.execPath, BIN, 'stand-in', kind];

test.each([
  ...KNOWN_SERVERS.flatMap(({ name, command, presets }) =>
    presets.map((preset) => ({ preset: preset.name, command, kind: name })),
  ),
  ...STRENGTH_NAMES.map((preset) => ({ preset, command: 'anything', kind: 'demo' })),
])('the shipped policy $preset passes its own doctor', ({ preset, command, kind }) => {
  const { stdout } = cli(
    ['doctor', '--preset', preset, '--server', command, '--json', '--', ...standIn(kind)],
    {
      env,
    },
  );
  const { checks } = JSON.parse(stdout) as { checks: { id: string; findings: { status: string }[] }[] };
  const about = checks.filter(({ id }) => ['policy', 'tools', 'preset', 'environment-policy'].includes(id));
  expect(about.length).toBeGreaterThan(1);
  expect(about.flatMap(({ findings }) => findings).filter(({ status }) => /warn|fail/.test(status))).toEqual(
    [],
  );
});

test('who only observes is not told that calls are refused', () => {
  const run = (...options: string[]) =>
    cli([...options, '--server', 'none-yet', '--', ...standIn('demo')], { env });
  const { stderr } = run('--observe');
  expect(stderr).toContain('there is no policy for none-yet: every call passes and is logged (--observe).');
  expect(stderr).toContain('policy-wrap recommend --server none-yet');
  expect(stderr).not.toContain('refused');
  expect(run().stderr).toContain('there is no policy for none-yet, so every call is refused.');
});

test('the demo without a database that can be used says one thing, once', () => {
  const { code, stdout, stderr } = cli(['demo'], { env: { ...env, POLICY_WRAP_SQLITE: 'none' } });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^policy-wrap: [^\n]*\n {2}[^\n]*\n$/);
});
