import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type FoundPolicy, readPolicy } from '../../src/config/policy-files.js';
import { type ServeOptions, serve } from '../../src/proxy/serve.js';
import { Store } from '../../src/store/store.js';
import { Stderr } from '../../src/upstream/stderr.js';
import { tempDir } from '../store/support.js';
import type { Message } from '../support/rig.js';
import { PlayedUpstream } from './played-upstream.js';

const temp = tempDir();
afterAll(temp.remove);

// Files are watched, and trust is looked at, when a test says so.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

const ALLOW = { version: '1', default: 'allow' };
const NONE: FoundPolicy = {
  kind: 'none',
  missing: 'there is no policy for afip',
  make: 'policy-wrap init afip',
  advice: 'there is no policy for afip. Make one: policy-wrap init afip',
  told: 'there is no policy for afip',
};

/** Everything of a wrapper but its processes: a client, a server, a policy file, a database. */
class Wrapped {
  readonly upstream = new PlayedUpstream();
  readonly toUs = new PassThrough();
  readonly said: Message[] = [];
  readonly code: Promise<number>;
  readonly state: string;
  stderr = '';

  constructor(policy: object | string | FoundPolicy, changes: Partial<ServeOptions> = {}, isTyped = false) {
    const file = temp.path('policy.json');
    let found: FoundPolicy;
    if (typeof policy === 'object' && 'kind' in policy) found = policy as FoundPolicy;
    else {
      writeFileSync(file, typeof policy === 'string' ? policy : JSON.stringify(policy));
      found = readPolicy(file);
    }
    this.state = changes.stateFile ?? temp.path();
    const output = new PassThrough();
    let rest = '';
    output.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      this.said.push(...lines.map((line) => JSON.parse(line)));
    });
    const stderr = new PassThrough().on('data', (chunk) => (this.stderr += chunk));
    this.code = serve(
      {
        upstream: this.upstream,
        ...{ server: 'afip', grant: 'default', env: {}, note: undefined, observe: false },
        found: found as ServeOptions['found'],
        findPolicy: () => readPolicy(file),
        policyPlaces: [],
        notifyFile: `${this.state}-notify.json`,
        stateFile: this.state,
        synchronous: 'normal',
        store: undefined,
        ...{ maxClientLine: 100_000, maxServerLine: 100_000 },
        ...changes,
      },
      { input: this.toUs, output, stderr: new Stderr(stderr), isTyped },
    );
  }

  send(message: object): void {
    this.toUs.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  async answer(id: number): Promise<Message> {
    return await vi.waitFor(() => {
      const found = this.said.find((message) => message.id === id);
      if (!found) throw new Error(`no answer to ${id}; ${this.stderr}`);
      return found;
    }, 10_000);
  }

  /** A call reaches the server and is answered, or is refused. @returns the code of the refusal */
  async call(id: number, name: string): Promise<string | undefined> {
    this.send({ id, method: 'tools/call', params: { name, arguments: {} } });
    await vi.waitFor(() => {
      const reached = this.upstream.got.some((message) => message.id === id);
      if (reached) this.upstream.says({ jsonrpc: '2.0', id, result: { content: [] } });
      else if (!this.said.some((message) => message.id === id)) throw new Error(`nothing came of ${id}`);
    }, 10_000);
    return (await this.answer(id)).result?._meta?.['policy-wrap/decision']?.code;
  }

  /** The handshake, with a server that announces changes of its lists. */
  async initialize(): Promise<void> {
    this.send({ id: 0, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {} } });
    await vi.waitFor(() => expect(this.upstream.got).toHaveLength(1));
    const result = { protocolVersion: '2025-06-18', capabilities: { tools: { listChanged: true } } };
    this.upstream.says({ jsonrpc: '2.0', id: 0, result });
    await this.answer(0);
  }

  async list(id: number, ...tools: readonly object[]): Promise<Message[]> {
    this.send({ id, method: 'tools/list' });
    await vi.waitFor(() => expect(this.upstream.got.some((message) => message.id === id)).toBe(true));
    this.upstream.says({ jsonrpc: '2.0', id, result: { tools } });
    return (await this.answer(id)).result.tools;
  }

  get told(): string[] {
    return this.said.filter(({ id }) => id === undefined).map(({ method }) => method);
  }

  read<T>(look: (store: Store) => T): T {
    const store = Store.open(this.state);
    try {
      return look(store);
    } finally {
      store.close();
    }
  }

  /** @returns what a wrapper ends with */
  end(code = 0): Promise<number> {
    this.toUs.end();
    this.upstream.exit(code);
    return this.code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

const tool = (name: string, description = 'Adds.') => ({
  name,
  description,
  inputSchema: { type: 'object' },
});

describe('the start', () => {
  test('G3: without a policy every call is refused, and the person hears which command makes one', async () => {
    await using wrapped = new Wrapped(NONE, { note: 'started from npm' });
    expect(await wrapped.call(1, 'add')).toBe('NO_POLICY');
    const { text } = (await wrapped.answer(1)).result.content[0];
    expect(text).toContain('there is no policy for afip');
    expect(text).not.toContain('policy-wrap init');
    expect(wrapped.stderr.split('\n').slice(0, 2)).toEqual([
      'policy-wrap: started from npm',
      'policy-wrap: there is no policy for afip. Make one: policy-wrap init afip',
    ]);
    expect(wrapped.upstream.got).toEqual([]);
  });

  test('--observe passes it, and says that and where a policy comes from later', async () => {
    await using wrapped = new Wrapped(NONE, { observe: true });
    expect(await wrapped.call(1, 'add')).toBeUndefined();
    expect(wrapped.stderr).toContain('every call passes and is logged (--observe)');
    expect(wrapped.stderr).toContain('policy-wrap recommend --server afip');
  });

  test('who types at a terminal hears what is waited for; a client does not', async () => {
    await using typed = new Wrapped(ALLOW, {}, true);
    await vi.waitFor(() => expect(typed.stderr).toContain('end with Ctrl-D'));
    await using wrapped = new Wrapped(ALLOW);
    expect(await wrapped.call(1, 'add')).toBeUndefined();
    expect(wrapped.stderr).toBe('');
  });

  test('the database is opened before the first call, once the server has said something or is slow', async () => {
    await using quick = new Wrapped(ALLOW);
    quick.upstream.says({ jsonrpc: '2.0', method: 'notifications/message', params: {} });
    await using slow = new Wrapped(ALLOW);
    for (const { state } of [quick, slow])
      await vi.waitFor(() => expect(existsSync(state)).toBe(true), 10_000);
    expect(quick.read((store) => store.sessions())).toMatchObject([{ server: 'afip', grant: 'default' }]);
  });

  test('G3: a database that cannot be opened is told, and refuses every call', async () => {
    const folder = temp.path();
    mkdirSync(folder);
    await using wrapped = new Wrapped(ALLOW, { stateFile: folder });
    await vi.waitFor(() => expect(wrapped.stderr).toContain('policy-wrap: every call is refused: '), 10_000);
    expect(await wrapped.call(1, 'add')).toBe('INTERNAL');
    expect(wrapped.upstream.got).toEqual([]);
  });

  test('a wrapper that ends at once opens nothing', async () => {
    const wrapped = new Wrapped(ALLOW);
    expect(await wrapped.end(3)).toBe(3);
    expect(existsSync(wrapped.state)).toBe(false);
  });
});

describe('a policy that changes while it holds', () => {
  const change = async (wrapped: Wrapped, policy: object | string) => {
    writeFileSync(temp.path('policy.json'), typeof policy === 'string' ? policy : JSON.stringify(policy));
    const before = wrapped.stderr;
    // It has to stand still for one look.
    vi.advanceTimersByTime(1000);
    await vi.waitFor(() => expect(wrapped.stderr).not.toBe(before), 10_000);
    return wrapped.stderr.slice(before.length);
  };

  test('holds from then on, is told to the client where lists differ, and shown to other commands', async () => {
    await using wrapped = new Wrapped(ALLOW);
    await wrapped.initialize();
    expect(await wrapped.list(9, tool('add'))).toHaveLength(1);
    expect(await wrapped.call(1, 'add')).toBeUndefined();
    expect(await change(wrapped, { ...ALLOW, hide: ['add'] })).toMatch(
      /^policy-wrap: the policy was reloaded: .*policy\.json\n$/,
    );
    await vi.waitFor(() => expect(wrapped.told).toEqual(['notifications/tools/list_changed']));
    wrapped.send({ id: 2, method: 'tools/call', params: { name: 'add', arguments: {} } });
    expect((await wrapped.answer(2)).error.code).toBe(-32602);
    const [session] = wrapped.read((store) => store.sessions());
    expect(session?.policyProblem).toBeUndefined();
  });

  test('G3: one that is wrong changes nothing, and says why, here and to other commands', async () => {
    await using wrapped = new Wrapped({ ...ALLOW, tools: { add: { action: 'deny' } } });
    expect(await wrapped.call(1, 'add')).toBe('ACTION_DENY');
    expect(await change(wrapped, '{"version": "1", "default": "alow"}')).toMatch(
      /^policy-wrap: the policy stays as it was: .*alow/,
    );
    expect(await wrapped.call(2, 'add')).toBe('ACTION_DENY');
    const [session] = wrapped.read((store) => store.sessions());
    expect(session?.policyProblem).toContain('alow');
    expect(await change(wrapped, ALLOW)).toContain('reloaded');
    expect(await wrapped.call(3, 'add')).toBeUndefined();
    expect(wrapped.read((store) => store.sessions())[0]?.policyProblem).toBeUndefined();
  });
});

describe('definitions that change', () => {
  test('are told with what differs, once they are listed again', async () => {
    const first = new Wrapped(ALLOW);
    await first.list(1, tool('add'), tool('sub'));
    await first.call(2, 'add');
    await first.end();
    await using wrapped = new Wrapped(ALLOW, { stateFile: first.state });
    await wrapped.list(1, tool('add', 'Adds, and mails the sum.'), tool('sub'));
    await wrapped.call(2, 'sub');
    await vi.waitFor(() => expect(wrapped.stderr).toContain('mails'), 10_000);
    const lines = wrapped.stderr.split('\n');
    expect(lines[0]).toBe('policy-wrap: add has changed since it was first seen: policy-wrap trust afip');
    // There is one: what follows need not name it again.
    expect(lines[1]).not.toContain('add:');
    expect(wrapped.stderr).not.toContain('sub');
    expect(wrapped.stderr).not.toContain('more tools');
  });

  test('more than ten are counted', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `tool${i}`);
    const first = new Wrapped(ALLOW);
    await first.list(1, ...names.map((name) => tool(name)));
    await first.call(2, 'tool0');
    await first.end();
    await using wrapped = new Wrapped(ALLOW, { stateFile: first.state });
    await wrapped.list(1, ...names.map((name) => tool(name, 'Else.')));
    await wrapped.call(2, 'tool0');
    await vi.waitFor(() => expect(wrapped.stderr.match(/Else/g)).toHaveLength(10), 10_000);
    expect(wrapped.stderr.match(/has changed since/g)).toHaveLength(10);
    expect(wrapped.stderr).toContain(
      'policy-wrap: 2 more tools have changed: policy-wrap trust afip --dry-run',
    );
    expect(wrapped.stderr).toContain('tool0:\n');
  });

  test('a new tool that is kept back is told as new, and shown a moment after somebody trusts it', async () => {
    const hold = { ...ALLOW, pin: 'hold' };
    const first = new Wrapped(hold);
    await first.list(1, tool('add'));
    await first.call(2, 'add');
    await first.end();
    await using wrapped = new Wrapped(hold, { stateFile: first.state });
    await wrapped.initialize();
    expect(await wrapped.list(1, tool('add'), tool('late'))).toEqual([tool('add')]);
    await wrapped.call(3, 'add');
    await vi.waitFor(
      () => expect(wrapped.stderr).toContain('policy-wrap: late is new: policy-wrap trust afip'),
      10_000,
    );
    vi.advanceTimersByTime(1000);
    expect(wrapped.told).toEqual([]);
    wrapped.read((store) => store.trustTools(store.openPins('afip'), 'cli'));
    await vi.waitFor(() => {
      vi.advanceTimersByTime(1000);
      expect(wrapped.told).toEqual(['notifications/tools/list_changed']);
    }, 10_000);
    expect(await wrapped.list(2, tool('add'), tool('late'))).toHaveLength(2);
  });

  test('a new tool that is not kept back is no news', async () => {
    const first = new Wrapped(ALLOW);
    await first.list(1, tool('add'));
    await first.call(2, 'add');
    await first.end();
    const wrapped = new Wrapped(ALLOW, { stateFile: first.state });
    await wrapped.list(1, tool('add'), tool('late'));
    await wrapped.call(2, 'late');
    await wrapped.end();
    expect(wrapped.stderr).toBe('');
  });
});

test('G8: what is no protocol goes to the person, escaped, at most twenty lines a second', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  await using wrapped = new Wrapped(ALLOW);
  wrapped.upstream.stderr.write('from the server\n');
  wrapped.upstream.says(
    '\u001b[1mboot',
    'y'.repeat(3000),
    ...Array.from({ length: 23 }, (_, i) => `line ${i}`),
  );
  await vi.waitFor(() => expect(wrapped.stderr.match(/not protocol/g)).toHaveLength(20));
  expect(wrapped.stderr).toContain('policy-wrap: not protocol, from the server: \\u{1b}[1mboot\n');
  expect(wrapped.stderr).toContain(`: ${'y'.repeat(2000)}\n`);
  expect(wrapped.stderr).toContain('from the server\n');
  vi.advanceTimersByTime(400);
  wrapped.upstream.says('in the same second');
  for (let turn = 0; turn < 5; turn++) await new Promise((resume) => setImmediate(resume));
  expect(wrapped.stderr).not.toContain('in the same second');
  vi.advanceTimersByTime(600);
  wrapped.upstream.says('later', 'again');
  await vi.waitFor(() => expect(wrapped.stderr).toContain('again\n'));
  expect(wrapped.stderr).toContain(
    'policy-wrap: 6 more lines from the server were not protocol\npolicy-wrap: not protocol, from the server: later\n',
  );
  vi.advanceTimersByTime(1000);
  wrapped.upstream.says(...Array.from({ length: 20 }, (_, i) => `row ${i}`));
  await vi.waitFor(() => expect(wrapped.stderr).toContain('row 19\n'));
  vi.advanceTimersByTime(1000);
  wrapped.upstream.says('last');
  await vi.waitFor(() => expect(wrapped.stderr).toContain('last\n'));
  expect(wrapped.stderr.match(/more lines/g)).toHaveLength(1);
  expect(wrapped.said).toEqual([]);
});

test('G9: the end is the server’s, with its code, and the session is over', async () => {
  const wrapped = new Wrapped(ALLOW);
  wrapped.send({ id: 1, method: 'tools/call', params: { name: 'add', arguments: {} } });
  await vi.waitFor(() => expect(wrapped.upstream.got).toHaveLength(1));
  expect(await wrapped.end(7)).toBe(7);
  expect((await wrapped.answer(1)).error.message).toContain('exit code 7');
  expect(wrapped.read((store) => store.sessions())[0]?.endedAt).toBeDefined();
  expect(wrapped.read((store) => store.log())).toMatchObject([{ tool: 'add', outcome: 'unanswered' }]);
  expect(vi.getTimerCount()).toBe(0);
});
