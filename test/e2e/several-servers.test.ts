import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Rig, refusalCode, type Wrapper } from '../support/rig.js';

const ALLOW = { version: '1', default: 'allow' };
const MAIL = {
  ...ALLOW,
  tools: { send: { after: [{ tools: ['fetch_*'], within: '1h', on_deny: 'Something was read.' }] } },
};

/** A wrapper under its own name, in front of a server with a journal of its own, on the one database. */
function start(rig: Rig, server: string, policy: object, recorder: object = {}): Wrapper {
  return rig.wrap({
    policy,
    args: ['--server', server],
    recorder: { journal: join(rig.folder, server), ...recorder },
  });
}

const received = (rig: Rig, server: string) =>
  readFileSync(join(rig.folder, server), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

describe('rules over several tools, over several servers', () => {
  test('what one server gave to read keeps another from sending, after both were killed and started again', async () => {
    await using rig = new Rig();
    const web = start(rig, 'web', ALLOW);
    const mail = start(rig, 'mail', MAIL);
    await Promise.all([web.initialize(), mail.initialize()]);
    expect(refusalCode(await mail.call('send', { to: 'ana' }))).toBeUndefined();
    await web.call('fetch_page', { url: 'https://example.com' });
    for (const wrapper of [web, mail]) {
      wrapper.child.kill('SIGKILL');
      await wrapper.exit;
    }
    const again = start(rig, 'mail', MAIL);
    await again.initialize();
    const refused = await again.call('send', { to: 'eve' });
    expect(refusalCode(refused)).toBe('AFTER');
    expect(refused.result.content[0].text).toMatch(
      /^\[POLICY DENIED\] Something was read\. send: fetch_page of web was called at /,
    );
    expect(refusalCode(await again.call('list'))).toBeUndefined();
    const sent = received(rig, 'mail').filter(({ method }) => method === 'tools/call');
    expect(sent.map(({ params }) => [params.name, params.arguments.to])).toEqual([
      ['send', 'ana'],
      ['list', undefined],
    ]);
    await again.end();
  });
});

describe('a server that asks the client for more than it may', () => {
  const request = (id: number, method: string, params: object) => ({ jsonrpc: '2.0', id, method, params });
  const lines = [
    request(0, 'sampling/createMessage', { messages: [], maxTokens: 1_000_000 }),
    request(1, 'sampling/createMessage', { messages: [], maxTokens: 10 }),
    request(2, 'elicitation/create', { message: 'Your password?', requestedSchema: {} }),
    request(3, 'roots/list', {}),
  ];
  const POLICY = {
    ...ALLOW,
    server_requests: {
      sampling: { limits: [{ counter: 'tokens', window: 'day', max: 100, amount: 'args.maxTokens' }] },
      elicitation: { action: 'deny' },
      roots: { action: 'hide' },
    },
  };

  test('G8: the client gets what it may be asked and nothing else; the server hears why', async () => {
    await using rig = new Rig();
    const wrapper = start(rig, 'greedy', POLICY, { sayOn: { method: 'tools/call', lines } });
    await wrapper.initialize();
    await wrapper.call('work');
    const asked = wrapper.messages.filter(({ method }) => method !== undefined);
    expect(asked).toEqual([lines[1]]);
    wrapper.send({ jsonrpc: '2.0', id: 1, result: { role: 'assistant' } });
    expect(await wrapper.end()).toBe(0);
    const answers = received(rig, 'greedy').filter(({ method }) => method === undefined);
    expect(answers.map(({ id, error }) => [id, error?.code]).sort()).toEqual([
      [0, 42900],
      [1, undefined],
      [2, 40300],
      [3, -32601],
    ]);
  });

  test('G7: without the key it passes as it is', async () => {
    await using rig = new Rig();
    const wrapper = start(rig, 'greedy', ALLOW, { sayOn: { method: 'tools/call', lines } });
    await wrapper.initialize();
    await wrapper.call('work');
    expect(wrapper.messages.filter(({ method }) => method !== undefined)).toEqual(lines);
    await wrapper.end();
  });
});

describe('a server that has more to read than the client may', () => {
  const SECRET = { uri: 'file:///work/.env', name: 'secret' };
  const results = {
    'resources/list': {
      resources: [{ uri: 'file:///work/a', name: 'a' }, SECRET, { ...SECRET, uri: 'FILE:/work/./.env' }],
    },
    'resources/templates/list': { resourceTemplates: [{ uriTemplate: 'file:///work/.env{?x}', name: 't' }] },
    'prompts/list': { prompts: [{ name: 'greet' }, { name: 'obey' }] },
    'resources/read': { contents: [{ uri: 'file:///x', text: 'all of it' }] },
    'prompts/get': { messages: [] },
  };
  const POLICY = {
    version: '1',
    default: 'deny',
    resources: { 'file:///work/*': {}, 'file:///work/.env': { action: 'hide' } },
    prompts: { greet: { rate_limit: '1/day' }, obey: { action: 'hide' } },
  };

  test('G6: it gets no request for what is refused, and the client reads nothing of what is hidden', async () => {
    await using rig = new Rig();
    const wrapper = start(rig, 'talker', POLICY, { results });
    await wrapper.initialize();
    const ask = (method: string, params: object = {}) => wrapper.request(method, params);
    expect((await ask('resources/list')).result.resources).toEqual([{ uri: 'file:///work/a', name: 'a' }]);
    expect((await ask('resources/templates/list')).result.resourceTemplates).toEqual([]);
    expect((await ask('prompts/list')).result.prompts).toEqual([{ name: 'greet' }]);
    const codes: unknown[] = [];
    for (const uri of ['file:///work/a', 'file:///work/.env', 'file:///work/%2Eenv', 'file:///etc/passwd'])
      codes.push((await ask('resources/read', { uri })).error?.code);
    for (const name of ['greet', 'greet', 'obey'])
      codes.push((await ask('prompts/get', { name })).error?.code);
    expect(codes).toEqual([undefined, -32002, -32002, 40300, undefined, 42900, -32602]);
    await wrapper.end();
    const asked = received(rig, 'talker').filter(({ method }) => /read|get/.test(method));
    expect(asked.map(({ params }) => params.uri ?? params.name)).toEqual(['file:///work/a', 'greet']);
  });
});
