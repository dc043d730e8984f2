import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Rig, refusalCode } from '../support/rig.js';

const LIMITED = {
  version: '1',
  default: 'deny',
  tools: { echo: { limits: [{ counter: 'echo', window: 'hour', max: 2, scope: 'grant' }] } },
};
const stderrHas = (wrapper: { stderr: string }, text: RegExp) =>
  expect.poll(() => wrapper.stderr, { timeout: 10_000 }).toMatch(text);

describe('hot reload', () => {
  test('a changed file holds from the next message on, and counters stay', async () => {
    await using rig = new Rig();
    const file = join(rig.folder, 'p.json');
    writeFileSync(file, JSON.stringify(LIMITED));
    const wrapper = rig.wrap({ args: ['--policy', file] });
    await wrapper.initialize();
    await wrapper.request('tools/list');
    for (let i = 0; i < 2; i++) expect(refusalCode(await wrapper.call('echo'))).toBeUndefined();
    expect(refusalCode(await wrapper.call('track_login'))).toBe('NOT_LISTED');

    writeFileSync(
      file,
      JSON.stringify({ ...LIMITED, hide: ['delete_repo'], tools: { ...LIMITED.tools, track_login: {} } }),
    );
    await stderrHas(wrapper, /the policy was reloaded/);
    expect(refusalCode(await wrapper.call('track_login'))).toBeUndefined();
    expect(refusalCode(await wrapper.call('echo'))).toBe('LIMIT');
    expect(
      wrapper.messages.filter((message) => message.method === 'notifications/tools/list_changed'),
    ).toHaveLength(1);
    const { result } = await wrapper.request('tools/list');
    expect(result.tools.map((tool: { name: string }) => tool.name)).not.toContain('delete_repo');
  });

  test('G3: an editor that renames, a bad file and a deleted file: the last good policy stays in force', async () => {
    await using rig = new Rig();
    const file = join(rig.folder, 'p.json');
    writeFileSync(file, JSON.stringify(LIMITED));
    const wrapper = rig.wrap({ args: ['--policy', file] });
    await wrapper.initialize();
    writeFileSync(file, '{ "version": "1", "defualt": "allow" }');
    await stderrHas(wrapper, /stays as it was: .*p\.json:1:\d+ .*defualt/);
    expect(refusalCode(await wrapper.call('track_login'))).toBe('NOT_LISTED');
    writeFileSync(
      file,
      Buffer.from('{ "version": "1", "default": "allow", "description": "Córdoba" }', 'latin1'),
    );
    await stderrHas(
      wrapper,
      /stays as it was: .*p\.json: the policy is not UTF-8 \(line 1\): save it as UTF-8/,
    );
    expect(refusalCode(await wrapper.call('track_login'))).toBe('NOT_LISTED');
    rmSync(file);
    await stderrHas(wrapper, /stays as it was: .*no such policy file/);
    expect(refusalCode(await wrapper.call('echo'))).toBeUndefined();
    writeFileSync(`${file}.new`, JSON.stringify({ version: '1', default: 'allow' }));
    renameSync(`${file}.new`, file);
    await stderrHas(wrapper, /was reloaded/);
    expect(refusalCode(await wrapper.call('track_login'))).toBeUndefined();
  });

  test('in 2026-07-28 a change is told to the streams that asked, and to nobody else', async () => {
    await using rig = new Rig();
    const file = join(rig.folder, 'p.json');
    writeFileSync(file, JSON.stringify({ version: '1', default: 'allow' }));
    const wrapper = rig.wrap({
      args: ['--policy', file],
      recorder: { silentMethods: ['subscriptions/listen'] },
    });
    await wrapper.request('tools/list');
    wrapper.send({
      jsonrpc: '2.0',
      id: 'l1',
      method: 'subscriptions/listen',
      params: { notifications: { toolsListChanged: true } },
    });
    wrapper.send({ jsonrpc: '2.0', id: 'l2', method: 'subscriptions/listen', params: { notifications: {} } });
    await wrapper.request('ping');
    writeFileSync(file, JSON.stringify({ version: '1', default: 'allow', hide: ['echo'] }));
    const told = await wrapper.next((message) => message.method === 'notifications/tools/list_changed');
    expect(told.params._meta).toEqual({ 'io.modelcontextprotocol/subscriptionId': 'l1' });
    await wrapper.request('ping');
    expect(wrapper.messages.filter((message) => message.method !== undefined)).toHaveLength(1);
  });
});

describe('layers', () => {
  test('what one layer hides is hidden, what one refuses is refused, limits of all are taken', async () => {
    await using rig = new Rig();
    rig.file('org.json', {
      version: '1',
      default: 'allow',
      hide: ['delete_repo'],
      tools: {
        echo: { limits: [{ counter: 'echo', window: 'hour', max: 1, scope: 'grant' }] },
        track_login: { action: 'deny' },
      },
    });
    const wrapper = rig.wrap({
      policy: {
        ...LIMITED,
        extends: 'org.json',
        tools: { ...LIMITED.tools, track_login: {}, delete_repo: {} },
      },
    });
    await wrapper.initialize();
    const { result } = await wrapper.request('tools/list');
    expect(result.tools.map((tool: { name: string }) => tool.name)).not.toContain('delete_repo');
    expect((await wrapper.call('delete_repo')).error.code).toBe(-32602);
    expect(refusalCode(await wrapper.call('track_login'))).toBe('ACTION_DENY');
    expect(refusalCode(await wrapper.call('track_logout'))).toBe('NOT_LISTED');
    expect(refusalCode(await wrapper.call('echo'))).toBeUndefined();
    const refused = await wrapper.call('echo');
    expect(refused.result._meta['policy-wrap/decision']).toMatchObject({
      code: 'LIMIT',
      counter: 'org.json:echo',
      rule: 'org.json#/tools/echo/limits/echo',
    });
  });

  test.each([
    ['is missing', undefined, /extends .*org\.json, which does not exist/],
    ['is invalid', '{"version":"1"}', /org\.json:1:1/],
    ['leads in a circle', '{"version":"1","default":"deny","extends":"org.json"}', /circle/],
  ])('an extended policy that %s ends the start with code 3', async (_, content, message) => {
    await using rig = new Rig();
    if (content) rig.file('org.json', content);
    const wrapper = rig.wrap({ policy: { ...LIMITED, extends: 'org.json' } });
    expect(await wrapper.exit).toBe(3);
    expect(wrapper.stderr).toMatch(message);
  });
});

test('G3: under load a reload forwards no call that neither policy allows, and loses none', {
  timeout: 120_000,
}, async () => {
  await using rig = new Rig();
  const file = join(rig.folder, 'p.json');
  const listing = (tool: string) =>
    JSON.stringify({ version: '1', default: 'deny', tools: { [tool]: {}, both: {} } });
  writeFileSync(file, listing('a'));
  const wrapper = rig.wrap({ args: ['--policy', file] });
  await wrapper.initialize();
  const tools = ['a', 'b', 'both', 'neither'];
  const calls = 5000;
  let answered = 0;
  const codes = new Map<string, Set<string | undefined>>(tools.map((tool) => [tool, new Set()]));
  const load = async () => {
    for (let i = 0; i < calls; i += 50) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, async (_, n) => {
          const tool = tools[(i + n) % tools.length] as string;
          return { tool, code: refusalCode(await wrapper.call(tool)) };
        }),
      );
      for (const { tool, code } of answers) {
        answered++;
        codes.get(tool)?.add(code);
      }
      // Long enough in all for several looks at the file.
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  };
  const swap = async () => {
    for (let i = 0; answered < calls; i++) {
      writeFileSync(file, listing(i % 2 === 0 ? 'b' : 'a'));
      await new Promise((resolve) => setTimeout(resolve, 1300));
    }
  };
  await Promise.all([load(), swap()]);
  expect(answered).toBe(calls);
  expect(wrapper.stderr.match(/was reloaded/g)?.length).toBeGreaterThanOrEqual(2);
  expect([...(codes.get('both') ?? [])]).toEqual([undefined]);
  expect([...(codes.get('neither') ?? [])]).toEqual(['NOT_LISTED']);
  for (const tool of ['a', 'b']) expect(codes.get(tool)).toEqual(new Set([undefined, 'NOT_LISTED']));
  expect(rig.receivedCalls()).not.toContain('neither');
});
