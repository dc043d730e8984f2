import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RECORDER, refusalCode } from '../../support/rig.js';
import { clientEntries, started } from '../support/entries.js';
import { ask, signIn } from '../support/http.js';
import { PageRig } from '../support/page-rig.js';

const recorder = (tools: readonly string[]) => [process.execPath, RECORDER, JSON.stringify({ tools })];

test('names with half of a character break no screen', async () => {
  await using rig = await PageRig.start();
  const server = 'half\ud800server';
  clientEntries(rig, { [server]: recorder(['pay', 'half\ud800name']) });
  rig.policy('hostile', { version: '1', default: 'allow', tools: { tag: { action: 'approve' } } });
  const wrapper = rig.spawn(['--db', rig.db, '--server', 'hostile', '--', ...recorder(['tag'])]);
  const clientInfo = { name: 'half\ud800client', version: '\udc00' };
  await wrapper.request('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo });
  await wrapper.call('half\ud800name', { 'a\udfff': '\udfff' });
  await wrapper.call('tag', { 'a\udfff': '\udfff' });
  const page = await rig.open('/tools');
  await page.getByText('half\\u{d800}server').first().waitFor();
  await page.getByRole('region', { name: /^half/ }).getByRole('button', { name: 'Read its tools' }).click();
  // No address can name it: the screen says so, and goes on.
  await page.getByRole('link', { name: 'half\\u{d800}name' }).click();
  await page.getByText(/no server is called half/).waitFor();
  for (const [path, shown] of [
    ['/waiting', '"a\\udfff": "\\udfff"'],
    ['/live', 'Make a rule from this'],
    ['/file', 'Text of the policy'],
  ] as const) {
    await page.evaluate(`location.hash = '#${path}'`);
    await page.getByText(shown).first().waitFor();
  }
  expect(rig.problems.filter((text) => !text.includes('404'))).toEqual([]);
});

/** A server with one tool whose description is 10 MB long, and one of the usual kind. */
const LARGE = `
import { createInterface } from 'node:readline';
const tools = [
  { name: 'large', description: 'Pays. ' + 'x'.repeat(10_000_000), inputSchema: { type: 'object', properties: { total: { type: 'number' } } } },
  { name: 'pay', inputSchema: { type: 'object' } },
];
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method } = JSON.parse(line);
  if (id === undefined) continue;
  const result = method === 'initialize'
    ? { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'large', version: '1' } }
    : method === 'tools/list' ? { tools } : {};
  console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
}
`;

test('a definition of 10 MB leaves the page usable, and the brake with it', async () => {
  await using rig = await PageRig.start();
  const argv = [process.execPath, rig.file('large.mjs', LARGE)];
  clientEntries(rig, { large: argv });
  rig.policy('large', { version: '1', default: 'allow' });
  const wrapper = await started(rig, 'large', argv);
  await wrapper.request('tools/list');
  const page = await rig.open('/tools');
  await page.getByRole('button', { name: 'Read its tools' }).click();
  await page.getByRole('link', { name: 'large', exact: true }).click();
  await page.getByRole('heading', { name: 'Why it needs a policy' }).waitFor();
  expect((await page.locator('main').innerText()).length).toBeLessThan(1_000_000);
  await page.getByRole('button', { name: 'Pause everything' }).click();
  await page.getByText('Paused: every call of every server is refused').waitFor();
  expect(refusalCode(await wrapper.call('pay', {}))).toBe('PAUSED');
  expect(rig.problems).toEqual([]);
});

test('a tool whose name is a pattern gets no rule: it would be one about every tool', async () => {
  await using rig = await PageRig.start();
  const argv = recorder(['*', 'pay']);
  clientEntries(rig, { hostile: argv });
  rig.policy('hostile', { version: '1', default: 'deny' });
  const wrapper = await started(rig, 'hostile', argv);
  await wrapper.request('tools/list');
  const page = await rig.open('/tools');
  await page.getByRole('checkbox', { name: 'Choose *', exact: true }).check();
  await page.getByRole('checkbox', { name: 'Choose pay' }).check();
  const set = page.getByRole('group', { name: 'For the chosen tools' });
  await set.getByRole('button', { name: 'Allow' }).click();
  await page.getByText('its name has a *, which a policy reads as a pattern').waitFor();
  const text = () => page.evaluate('JSON.parse(sessionStorage.getItem("policy-wrap-draft")).text');
  await expect.poll(async () => JSON.parse(String(await text())).tools).toEqual({ pay: {} });
  await page.getByRole('link', { name: '*', exact: true }).click();
  await page.getByText('Its name has a *, which a policy reads as a pattern').waitFor();
  await page.getByRole('heading', { name: 'Why it needs a policy' }).waitFor();
  for (const name of ['Allow', 'Limit calls', 'Counter it', 'Put it into the draft'])
    expect(await page.getByRole('button', { name }).count(), name).toBe(0);
  expect(JSON.parse(String(await text())).tools).toEqual({ pay: {} });
});

test('a server is started by the command that was shown, and by no other that a configuration has meanwhile', async () => {
  await using rig = await PageRig.start();
  const origin = await rig.origin();
  const { cookie, key } = await signIn(origin, await rig.token());
  const headers = { cookie, 'x-policy-wrap-key': key, origin, 'content-type': 'application/json' };
  clientEntries(rig, { pay: recorder(['pay']) });
  const shown = async () => {
    const { servers } = JSON.parse((await ask(origin, '/api/servers', { headers })).text) as {
      servers: { server: string; command: string; start: string; variables: string[] }[];
    };
    return servers.find(({ server }) => server === 'pay');
  };
  const read = async (start: string | undefined) => {
    const body = JSON.stringify({ server: 'pay', start });
    return (await ask(origin, '/api/servers/read', { method: 'POST', headers, body })).status;
  };
  const before = await shown();
  expect(before?.command).toContain('recorder.js');
  const trace = join(rig.folder, 'started');
  const script = `require('node:fs').writeFileSync(${JSON.stringify(trace)}, '')`;
  clientEntries(rig, { pay: [process.execPath, '-e', script] });
  expect(await read(before?.start)).toBe(409);
  expect(existsSync(trace)).toBe(false);
  // The same command with a variable more is another one.
  clientEntries(rig, { pay: recorder(['pay']) });
  const file = join(rig.folder, '.cursor', 'mcp.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  config.mcpServers.pay.env = { NODE_OPTIONS: '--no-warnings' };
  writeFileSync(file, JSON.stringify(config));
  expect(await read(before?.start)).toBe(409);
  const now = await shown();
  expect(now?.variables).toEqual(['NODE_OPTIONS']);
  expect(await read(now?.start)).toBe(200);
});
