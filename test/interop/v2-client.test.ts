import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ALLOW_ALL } from '../support/policies.js';
import { BIN, type Message, Rig } from '../support/rig.js';
import { freePort, listening } from './listening.js';
import { scratch } from './scratch.js';

const DUAL_ERA = resolve('test/interop/dual-era-server.js');

type Mode = 'legacy' | 'auto' | { readonly pin: string };

const tool = (name: string, args: object = {}) => ({ name, arguments: args });

/** All that a client of the SDK's second major version learns from a server, in the order in which it asks. */
async function tour(server: string[] | URL, mode: Mode, env: NodeJS.ProcessEnv): Promise<Message[]> {
  const { packages } = await scratch();
  const sdk = (file: string) => import(pathToFileURL(join(packages, 'client', 'dist', file)).href);
  const { Client } = await sdk('index.mjs');
  const { StdioClientTransport } = await sdk('stdio.mjs');
  const { StreamableHTTPClientTransport } = await sdk('index.mjs');
  const [command, ...args] = server instanceof URL ? [] : server;
  const transport =
    server instanceof URL
      ? new StreamableHTTPClientTransport(server)
      : new StdioClientTransport({ command, args, env, stderr: 'pipe' });
  const client = new Client(
    { name: 'tour', version: '1' },
    {
      capabilities: { elicitation: { form: {} }, sampling: {}, roots: {} },
      versionNegotiation: { mode },
    },
  );
  const told: Message[] = [];
  const tell = (what: string, value: unknown) => told.push({ [what]: value });
  let asked = 0;
  client.setRequestHandler('elicitation/create', ({ params }: Message) => {
    asked++;
    const fields = Object.keys(params.requestedSchema.properties);
    const content = Object.fromEntries(fields.map((field) => [field, field === 'ok' ? true : 'señor']));
    return { action: 'accept', content };
  });
  client.setRequestHandler('sampling/createMessage', () => ({
    role: 'assistant',
    content: { type: 'text', text: 'Paris' },
    model: 'm',
    stopReason: 'endTurn',
  }));
  client.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///x', name: 'x' }] }));
  const outcome = async (what: string, action: () => Promise<unknown>) => {
    try {
      tell(what, await action());
    } catch (error) {
      tell(what, { thrown: String(error) });
    }
  };

  await outcome('connect', () => client.connect(transport));
  tell('version', client.getNegotiatedProtocolVersion());
  tell('era', client.getProtocolEra());
  tell('server', client.getServerVersion());
  tell('capabilities', client.getServerCapabilities());
  tell('instructions', client.getInstructions());
  await outcome('tools', () => client.listTools());
  await outcome('resources', () => client.listResources());
  await outcome('prompts', () => client.listPrompts());
  for (const name of [
    'test_simple_text',
    'test_multiple_content_types',
    'test_error_handling',
    'test_input_required_result_elicitation',
    'test_input_required_result_request_state',
    'test_input_required_result_multi_round',
    'test_input_required_result_sampling',
    'test_input_required_result_list_roots',
    'no_such_tool',
  ]) {
    await outcome(name, () => client.callTool(tool(name)));
  }
  const progress: unknown[] = [];
  await outcome('progress', () =>
    client.callTool(tool('test_tool_with_progress'), { onprogress: (step: unknown) => progress.push(step) }),
  );
  tell('steps', progress);
  await outcome('read', () => client.readResource({ uri: 'test://static-binary' }));
  await outcome('not found', () => client.readResource({ uri: 'test://nothing' }));
  await outcome('prompt', () =>
    client.getPrompt({ name: 'test_prompt_with_arguments', arguments: { arg1: '1', arg2: '2' } }),
  );
  await outcome('prompt that asks', () => client.getPrompt({ name: 'test_input_required_result_prompt' }));
  await outcome('completion', () =>
    client.complete({
      ref: { type: 'ref/prompt', name: 'test_prompt_with_arguments' },
      argument: { name: 'arg1', value: 'p' },
    }),
  );
  // At an address each request has a server of its own, so that no other hears of the change.
  const isShared = !(server instanceof URL) && !server.includes('--url');
  if (isShared)
    await outcome('listen', async () => {
      const changed = new Promise((done) => {
        client.setNotificationHandler('notifications/tools/list_changed', () => done('the list has changed'));
      });
      const subscription = await client.listen({ toolsListChanged: true });
      await client.callTool(tool('test_trigger_tool_change'));
      const told = await changed;
      await subscription.close();
      return told;
    });
  tell('asked', asked);
  await outcome('close', () => client.close());
  return told;
}

describe("the SDK's client 2.x learns the same from a server alone and behind the wrapper", () => {
  const servers = async (): Promise<Record<string, string[]>> => {
    const { packages } = await scratch();
    return {
      'a server of both eras': [process.execPath, DUAL_ERA, join(packages, 'server')],
      'a server of the old era': [process.execPath, join(packages, 'server-memory', 'dist', 'index.js')],
      'the recorder': [process.execPath, resolve('test/fixtures/servers/recorder.js'), '{}'],
    };
  };

  test.each<[string, string, Mode, string]>([
    ['a server of both eras', 'legacy', 'legacy', '2025-11-25'],
    ['a server of both eras', 'auto', 'auto', '2026-07-28'],
    ['a server of both eras', 'pinned', { pin: '2026-07-28' }, '2026-07-28'],
    ['a server of the old era', 'legacy', 'legacy', '2025-11-25'],
    ['a server of the old era', 'auto, falling back', 'auto', '2025-11-25'],
    ['a server of the old era', 'pinned, in vain', { pin: '2026-07-28' }, 'undefined'],
    ['the recorder', 'auto', 'auto', 'undefined'],
  ])('G7: %s, %s', async (kind, _, mode, version) => {
    await using rig = new Rig();
    const server = (await servers())[kind] ?? [];
    const env = { ...rig.env(), MEMORY_FILE_PATH: join(rig.folder, 'memory.json') };
    const policy = rig.file('policy.json', ALLOW_ALL);
    const wrapper = [process.execPath, BIN, '--policy', policy, '--db', rig.db, '--', ...server];
    const normal = (told: Message[]) => JSON.stringify(told, null, 1).split('\n');
    const direct = await tour(server, mode, env);
    if (version !== 'undefined') expect(direct[1]).toEqual({ version });
    if (version === '2026-07-28') {
      expect(direct).toContainEqual({ listen: 'the list has changed' });
      expect(JSON.stringify(direct)).toContain('Hello, señor!');
      expect(JSON.stringify(direct)).toContain('state-ok');
    }
    expect(normal(await tour(wrapper, mode, env))).toEqual(normal(direct));
  });

  test.each<[string, Mode, string]>([
    ['legacy', 'legacy', '2025-11-25'],
    ['auto', 'auto', '2026-07-28'],
    ['pinned', { pin: '2026-07-28' }, '2026-07-28'],
  ])('G7: a server of both eras at an address, %s', async (_, mode, version) => {
    await using rig = new Rig();
    const { packages } = await scratch();
    const port = await freePort();
    const server = await listening([DUAL_ERA, join(packages, 'server'), String(port)], port, rig);
    const policy = rig.file('policy.json', ALLOW_ALL);
    const wrapper = [process.execPath, BIN, '--policy', policy, '--db', rig.db, '--url', server.href];
    const direct = await tour(server, mode, rig.env());
    expect(direct[1]).toEqual({ version });
    const normal = (told: Message[]) => JSON.stringify(told, null, 1).split('\n');
    expect(normal(await tour(wrapper, mode, rig.env()))).toEqual(normal(direct));
  });
});
