import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type NotifyOptions, notify } from '../../../src/cli/commands/notify.js';
import { Receiver } from '../../support/receiver.js';
import { FakeTerminal } from './support.js';

let home: string;
const file = () => join(home, 'policy-wrap', 'notify.json');
const stored = () => JSON.parse(readFileSync(file(), 'utf8'));

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'notify-'));
  vi.stubEnv('XDG_CONFIG_HOME', home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

async function run(
  words: string[],
  options: NotifyOptions = {},
  io = new FakeTerminal([]),
): Promise<FakeTerminal> {
  const [action, ...rest] = words;
  expect(await notify(action, rest, options, io)).toBe(0);
  return io;
}

describe('channels', () => {
  test('from nothing to a test that arrives, and away again', async () => {
    await using receiver = await Receiver.start();
    expect((await run([])).out.text).toContain('policy-wrap notify add desktop');
    const added = await run(['add', 'webhook', `${receiver.url}/secret-path`], {
      events: 'approval,limit',
      name: 'ops',
    });
    const { secret } = stored().channels.ops;
    expect(added.out.text).toContain(secret);
    expect(added.out.text).toContain(
      'a call waits for a person; a limit has refused a call, once in its window',
    );
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const listed = await run(['list']);
    expect(listed.out.text).toMatch(/ops +webhook +http:\/\/127\.0\.0\.1:\d+\/\*\*\* +approval, limit/);
    expect(listed.out.text).not.toContain('secret-path');
    const json = JSON.parse((await run([], { json: true })).out.text);
    expect(json).toMatchObject({ version: 1, channels: [{ name: 'ops', arguments: false }] });
    expect(JSON.stringify(json)).not.toMatch(/secret-path|whsec/);
    expect((await run(['test'])).out.text).toBe('ops: sent\n');
    expect(receiver.received[0]?.json.title).toBe('policy-wrap: a test');
    await run(['remove', 'ops']);
    expect(stored().channels).toEqual({});
  });

  test('names are free ones, a token is asked for, quiet hours are kept', async () => {
    await run(['add', 'ntfy', 'https://ntfy.sh/one'], { token: true }, new FakeTerminal(['tk_1']));
    await run(['add', 'ntfy', 'https://ntfy.sh/two'], { arguments: true });
    await run(['quiet', '22:00', '07:00']);
    expect(stored()).toMatchObject({
      channels: { ntfy: { token: 'tk_1' }, ntfy2: { arguments: true } },
      quiet: { from: '22:00', to: '07:00' },
    });
    expect((await run([])).out.text).toContain('Quiet from 22:00 to 07:00.');
    await run(['quiet', 'off']);
    expect(stored()).not.toHaveProperty('quiet');
  });

  test('a channel that does not answer well makes the test fail', async () => {
    await using receiver = await Receiver.start((_, response) => void response.writeHead(410).end());
    await run(['add', 'slack', receiver.url]);
    const io = new FakeTerminal([]);
    expect(await notify('test', [], {}, io)).toBe(1);
    expect(io.out.text).toMatch(/^slack: 127\.0\.0\.1:\d+ answered 410\n$/);
  });
});

describe('mistakes', () => {
  test.each([
    [['fly'], 'notify cannot fly'],
    [['ad'], 'notify cannot ad'],
    [['add'], 'needs a type'],
    [['add', 'pager'], 'there is no type pager'],
    [['add', 'slack'], 'slack needs an address'],
    [['add', 'slack', 'hooks.slack.com'], 'not an address'],
    [['add', 'ntfy', 'https://ntfy.sh'], 'not an address for ntfy'],
    [['add', 'desktop'], 'nothing is called everything', { events: 'approval,everything' }],
    [['remove', 'x'], 'there is no channel x'],
    [['remove'], 'needs the name'],
    [['test'], 'there is no channel yet'],
    [['quiet', '25:00', '07:00'], 'needs two times'],
    [['quiet', '07:00', '07:00'], 'needs two times'],
  ] as [string[], string, NotifyOptions?][])('%j: %s', async ([action, ...rest], message, options = {}) => {
    await expect(notify(action, rest, options, new FakeTerminal([]))).rejects.toThrow(message);
  });

  test('a file that is wrong is named with the place', async () => {
    await run(['add', 'desktop']);
    writeFileSync(file(), JSON.stringify({ version: '1', channels: { a: { type: 'slack', url: 'x' } } }));
    await expect(run([])).rejects.toThrow(/notify\.json: channels\.a\.url: an address that begins/);
  });

  test('what is told changes only where a person sits, and not in the shell of an agent', async () => {
    for (const words of [
      ['add', 'desktop'],
      ['remove', 'x'],
      ['quiet', 'off'],
    ]) {
      await expect(run(words, {}, new FakeTerminal())).rejects.toThrow('no terminal');
      const agent = new FakeTerminal([]);
      agent.env = { CODEX_SANDBOX: '1' };
      await expect(run(words, {}, agent)).rejects.toThrow('is for a person');
    }
  });
});
