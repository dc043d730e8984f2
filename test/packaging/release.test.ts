import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { Rig } from '../support/rig.js';

const read = (name: string) => parse(readFileSync(`.github/workflows/${name}`, 'utf8'));
const stepsOf = ({ jobs }: { jobs: Record<string, { steps: { uses?: string; run?: string }[] }> }) =>
  Object.values(jobs).flatMap((job) => job.steps);

const workflow = read('release.yml');
const steps = stepsOf(workflow);

test('a release is published with its provenance and without a token, after everything was tested', () => {
  const { publish } = workflow.jobs;
  expect(publish.needs).toBe('test');
  expect(publish.permissions).toEqual({ contents: 'write', 'id-token': 'write' });
  expect(workflow.permissions).toEqual({ contents: 'read' });
  expect(steps.some(({ run }) => run?.includes('npm publish') && run.includes('--provenance'))).toBe(true);
  expect(readFileSync('.github/workflows/release.yml', 'utf8')).not.toMatch(/NODE_AUTH_TOKEN|secrets\./);
});

test('actions of others are pinned by commit, and nothing from outside stands in a script', () => {
  for (const { uses, run } of readdirSync('.github/workflows').map(read).flatMap(stepsOf)) {
    if (uses !== undefined) expect(uses).toMatch(/@[0-9a-f]{40}$/);
    if (run !== undefined) expect(run).not.toContain('${{');
  }
});

const dockerfile = readFileSync('packaging/docker/Dockerfile', 'utf8');

test('the image runs as an ordinary account, keeps its state in a volume, and is built of what is here', () => {
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  expect(last).toMatch(/^USER 65532:65532$/m);
  expect(last).toMatch(/^VOLUME \/data$/m);
  expect(last).not.toMatch(/^RUN /m);
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(engines.node).toBeDefined();
  expect(last).toMatch(/"\/app\/node_modules\/policy-wrap\/bin\/policy-wrap\.js"/);
});

test('an image with a server, as docs/distribution.md shows it, goes on from ours', () => {
  const [, text = ''] =
    /```dockerfile\n([\s\S]*?)```/.exec(readFileSync('docs/distribution.md', 'utf8')) ?? [];
  expect(text).toMatch(/^FROM policy-wrap$/m);
  const [, node] = /^ENTRYPOINT \["([^"]+)"/m.exec(dockerfile) ?? [];
  expect(text).toContain(`"${node}"`);
  expect(text).not.toMatch(/^(?:RUN|USER|ENTRYPOINT) /m);
});

test.each<[changelog: string, version: string, code: number, told: string]>([
  [
    '## 1.2.3 - 2026-11-27\n\nNew:\n\n### More\n\n- a\n\n## 1.2.2\n\nold\n',
    '1.2.3',
    0,
    'New:\n\n### More\n\n- a\n',
  ],
  ['## Unreleased\n\n## 1.2.3\n\nNew\n', '1.2.3', 0, 'New\n'],
  ['## Unreleased\n\n- left\n\n## 1.2.3\n\nNew\n', '1.2.3', 1, 'unreleased part'],
  ['## 1.2.2\n\nold\n', '1.2.3', 1, 'says nothing of 1.2.3'],
  ['## 1.2.4\n\nNew\n', '1.2.4', 1, 'package.json has version 1.2.3'],
])('the notes of a release: %j', async (changelog, version, code, told) => {
  await using rig = new Rig();
  mkdirSync(join(rig.folder, 'packaging/release'), { recursive: true });
  const script = join(rig.folder, 'packaging/release/notes.mjs');
  copyFileSync('packaging/release/notes.js', script);
  rig.file('package.json', { version: '1.2.3' });
  rig.file('CHANGELOG.md', `# Changelog\n\n${changelog}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, version], { encoding: 'utf8' });
  expect([status, stdout + stderr]).toEqual([code, expect.stringContaining(told)]);
});
