import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { ASKING } from '../support/asking.js';
import { cli } from '../support/cli.js';
import { Receiver } from '../support/receiver.js';
import { Rig, refusalCode } from '../support/rig.js';

const LIMITED = {
  version: '1',
  default: 'allow',
  tools: { tag: { limits: [{ max: 1, window: 'hour', warn_at: 1, counter: 'tags' }] } },
};

function settings(rig: Rig, channels: object, more: object = {}): string {
  const folder = join(rig.folder, 'config', 'policy-wrap');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'notify.json');
  writeFileSync(file, JSON.stringify({ version: '1', channels, ...more }), { mode: 0o600 });
  return file;
}

const hook = (receiver: Receiver, more: object = {}) => ({
  type: 'webhook',
  url: receiver.url,
  secret: 'x',
  ...more,
});

describe('a person in another window', () => {
  test('eight wrappers and one approval give one message, also after a restart', async () => {
    await using rig = new Rig();
    await using receiver = await Receiver.start();
    settings(rig, { hook: hook(receiver) });
    const wrappers = Array.from({ length: 8 }, () => rig.wrap({ policy: ASKING }));
    await Promise.all(wrappers.map((wrapper) => wrapper.initialize()));
    const codes = await Promise.all(wrappers.map((wrapper) => wrapper.call('tag', { name: 'v1' })));
    expect(codes.map(refusalCode)).toEqual(Array(8).fill('APPROVAL_REQUIRED'));
    await receiver.count(1);
    await Promise.all(wrappers.map((wrapper) => wrapper.end()));
    const again = rig.wrap({ policy: ASKING });
    expect(refusalCode(await again.call('tag', { name: 'v1' }))).toBe('APPROVAL_REQUIRED');
    // Another call is another question.
    expect(refusalCode(await again.call('tag', { name: 'v2' }))).toBe('APPROVAL_REQUIRED');
    await receiver.count(2);
    await again.end();
    expect(receiver.received.map(({ json }) => [json.event, json.tool])).toEqual([
      ['approval', 'tag'],
      ['approval', 'tag'],
    ]);
    expect(new Set(receiver.received.map(({ json }) => json.approval.id)).size).toBe(2);
    expect(receiver.received.map(({ body }) => body).join()).not.toContain('v1');
  });

  test('a limit that fills and refuses, a pause, another policy and one that cannot be read are told', async () => {
    await using rig = new Rig();
    await using receiver = await Receiver.start();
    settings(rig, { hook: hook(receiver) });
    const wrapper = rig.wrap({ policy: LIMITED });
    const events = () => receiver.received.map(({ json }) => json.event);
    await wrapper.call('tag');
    for (let i = 0; i < 5; i += 1) expect(refusalCode(await wrapper.call('tag'))).toBe('LIMIT');
    await receiver.count(2);
    expect(cli(['pause', '--db', rig.db], { env: rig.env() }).code).toBe(0);
    expect(refusalCode(await wrapper.call('tag'))).toBe('PAUSED');
    await receiver.count(3);
    rig.file('policy-0.json', { ...LIMITED, description: 'another' });
    await receiver.count(4);
    rig.file('policy-0.json', '{ "version": ');
    await receiver.count(5);
    await wrapper.end();
    expect(events()).toEqual(['warn_at', 'limit', 'paused', 'policy', 'policy']);
    expect(receiver.received[4]?.json.text).toContain('stays as it was');
  });

  test('a channel that is added while a wrapper runs is used, and one that fails is written down', async () => {
    await using rig = new Rig();
    await using receiver = await Receiver.start((_, response) => void response.writeHead(403).end());
    const wrapper = rig.wrap({ policy: ASKING });
    await wrapper.call('tag', { name: 'before' });
    settings(rig, { hook: hook(receiver) });
    await wrapper.call('tag', { name: 'after' });
    await receiver.count(1);
    await vi.waitFor(() => expect(wrapper.stderr).toContain('did not go out by hook: 127.0.0.1'), 20_000);
    await wrapper.end();
    const { stdout } = cli(['log', '--db', rig.db, '--json'], { env: rig.env() });
    expect(stdout).toContain('"notice.lost"');
    expect(receiver.received).toHaveLength(1);
  });

  test('calls wait for no receiver, and the wrapper ends though one hangs', async () => {
    await using rig = new Rig();
    await using receiver = await Receiver.start(() => {});
    settings(rig, { hook: hook(receiver) });
    const wrapper = rig.wrap({ policy: ASKING });
    for (let i = 0; i < 20; i += 1)
      expect(refusalCode(await wrapper.call('tag', { i }))).toBe('APPROVAL_REQUIRED');
    await receiver.count(1);
    expect(await wrapper.end()).toBe(0);
  });

  test('settings that others may write are not followed, and calls are decided as ever', async () => {
    await using rig = new Rig();
    await using receiver = await Receiver.start();
    chmodSync(settings(rig, { hook: hook(receiver) }), 0o666);
    const wrapper = rig.wrap({ policy: ASKING });
    expect(refusalCode(await wrapper.call('tag'))).toBe('APPROVAL_REQUIRED');
    await vi.waitFor(() => expect(wrapper.stderr).toContain('others may read or write it'), 20_000);
    await wrapper.end();
    expect(receiver.received).toEqual([]);
  });

  test('the file is no policy: a server called notify has its own', async () => {
    await using rig = new Rig();
    await using receiver = await Receiver.start();
    settings(rig, { hook: hook(receiver) });
    rig.file('config/policy-wrap/notify.policy.json', { version: '1', default: 'deny' });
    const wrapper = rig.spawn(['--db', rig.db, '--server', 'notify', '--', process.execPath, '-e', '']);
    // Taken for a policy, the settings would be one that cannot be read: 3.
    expect(await wrapper.end()).toBe(0);
    expect(wrapper.stderr).not.toMatch(/there is no policy|notify\.json/);
    const doctor = cli(['doctor', '--db', rig.db], { env: rig.env() });
    expect(doctor.stdout).not.toContain('notify.json');
  });
});
