import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { ALLOW_ALL } from '../support/policies.js';
import { BIN, type Message, Rig } from '../support/rig.js';
import { bridge } from './bridge.js';
import { runToEnd, scratch } from './scratch.js';

const SERVER = resolve('test/interop/dual-era-server.js');

/** Every check of every scenario, as `scenario/check: status`, sorted. */
function checksIn(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((f) =>
    f.endsWith('checks.json'),
  );
  return files
    .flatMap((file) => {
      // The folder's name ends in the time of the run.
      const scenario = file.replace(/-?\d{4}-\d\d-\d\dT.*$/, '').replace(/\/checks\.json$/, '');
      const checks: Message[] = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      return checks.map((check) => `${scenario}/${check.id}: ${check.status}`);
    })
    .sort();
}

async function conformance(rig: Rig, command: string[], revision: string, name: string): Promise<string[]> {
  const { packages, node22 } = await scratch();
  await using http = await bridge(command, rig.env());
  const folder = join(rig.folder, name);
  const suite = join(packages, 'conformance', 'dist', 'index.js');
  const args = ['server', '--url', http.url, '--requirements', revision, '--output-dir', folder];
  const { output } = await runToEnd(node22, [suite, ...args], rig.folder);
  const checks = checksIn(folder);
  expect(checks.length, output.slice(-2000)).toBeGreaterThan(40);
  return checks;
}

// The least that must pass directly, or the comparison says little. What fails is HTTP's own or the tasks extension's.
test.each<[string, number]>([
  ['2025-11-25', 78],
  ['2026-07-28', 135],
])(
  'G7: conformance with %s: every check of every scenario ends wrapped as it does directly',
  async (revision, least) => {
    await using rig = new Rig();
    const { packages } = await scratch();
    const server = [process.execPath, SERVER, join(packages, 'server')];
    const direct = await conformance(rig, server, revision, 'direct');
    const policy = rig.file('policy.json', ALLOW_ALL);
    const wrapper = [process.execPath, BIN, '--policy', policy, '--db', rig.db, '--', ...server];
    const wrapped = await conformance(rig, wrapper, revision, 'wrapped');
    expect(wrapped).toEqual(direct);
    const passed = direct.filter((check) => check.endsWith('SUCCESS')).length;
    expect(passed).toBeGreaterThanOrEqual(least);
    process.stderr.write(
      `conformance ${revision}: ${passed} of ${direct.length} checks pass, direct = wrapped\n`,
    );
  },
);
