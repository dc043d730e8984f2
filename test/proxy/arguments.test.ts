import { afterAll, expect, test } from 'vitest';
import { ArgumentChecks } from '../../src/proxy/argument-checks.js';
import { LoggedArguments } from '../../src/proxy/logged-arguments.js';
import { tempDir } from '../store/support.js';
import { Between } from './support.js';

const temp = tempDir();
afterAll(() => temp.remove());

const DECLARED = { version: '1', default: 'deny', tools: { '*': { arguments: 'declared' }, free: {} } };
const SEND = {
  name: 'send',
  inputSchema: { type: 'object', properties: { to: { type: 'string' } }, required: ['to'] },
};

/** The server has told its tools to a client. */
function listed(policy: object, ...tools: object[]): Between {
  const between = new Between(temp, policy);
  list(between, ...tools);
  return between;
}

function list(between: Between, ...tools: object[]): void {
  between.client({ jsonrpc: '2.0', id: 'list', method: 'tools/list' });
  between.server({ jsonrpc: '2.0', id: 'list', result: { tools } });
}

const codeOf = (between: Between, id: number) =>
  between.answer(id)?.result._meta['policy-wrap/decision'].code;

test('a spare argument, a missing one and a value of another kind never reach the server', () => {
  using between = listed(DECLARED, SEND, { ...SEND, name: 'free' });
  between.call(1, 'send', { to: 'a', context: 'all that the user said' });
  between.call(2, 'send', {});
  between.call(3, 'send', { to: ['a'] });
  between.call(4, 'send', { to: 'a' });
  between.call(5, 'free', { anything: 1 });
  expect([1, 2, 3].map((id) => codeOf(between, id))).toEqual(['ARGUMENTS', 'ARGUMENTS', 'ARGUMENTS']);
  expect(between.calls).toEqual(['send', 'free']);
  expect(JSON.stringify(between.toServer)).not.toContain('all that the user said');
  const { result } = between.answer(1);
  expect(result.content[0].text).toContain('args has the key \\"context\\"'.replaceAll('\\', ''));
  expect(result._meta['policy-wrap/decision'].rule).toBe('/tools/*/arguments');
});

test('G3: without a schema, or with one that cannot be used, every call is refused and says so', () => {
  using between = listed(
    DECLARED,
    { name: 'bare' },
    { name: 'nothing', inputSchema: null },
    {
      name: 'fetches',
      inputSchema: { $ref: 'https://evil.example/schema.json' },
    },
  );
  between.call(1, 'bare');
  between.call(2, 'fetches');
  between.call(3, 'never_listed');
  between.call(4, 'nothing');
  expect([1, 2, 3, 4].map((id) => codeOf(between, id))).toEqual(Array(4).fill('ARGUMENTS'));
  expect(between.calls).toEqual([]);
  expect(between.answer(2).result.content[0].text).toContain('leads out of it, and is not followed');
  expect(between.answer(3).result.content[0].text).toContain('has not listed the tool in this session');
});

test('a schema that the server changes in mid-session holds from the next list on', () => {
  using between = listed(DECLARED, SEND);
  between.call(1, 'send', { to: 'a' });
  list(between, { ...SEND, inputSchema: { type: 'object', properties: { to: { type: 'number' } } } });
  between.call(2, 'send', { to: 'a' });
  between.call(3, 'send', { to: 1 });
  expect(codeOf(between, 2)).toBe('ARGUMENTS');
  expect(between.calls).toEqual(['send', 'send']);
});

test('what an all_tools rule, a reason and an earlier refusal have to say', () => {
  const policy = {
    version: '1',
    default: 'allow',
    all_tools: {
      arguments: 'declared',
      require: [{ conditions: [{ path: 'args.to', op: 'exists', value: true }] }],
    },
  };
  using between = listed(policy, SEND);
  between.call(1, 'send', { bcc: 'x' });
  expect(between.answer(1).result._meta['policy-wrap/decision']).toMatchObject({
    code: 'ARGUMENTS',
    rule: '/all_tools/arguments',
  });
  using told = listed(
    {
      version: '1',
      default: 'deny',
      tools: { send: { arguments: 'declared', reason: 'Only what it asks for.' } },
    },
    SEND,
  );
  told.call(1, 'send', { to: 'a', bcc: 'x' });
  expect(told.answer(1).result.content[0].text).toContain('Only what it asks for.');
});

test('the checker is loaded for a policy that needs it, and for no other', async () => {
  const isLoaded = async (...policies: Parameters<ArgumentChecks['loadFor']>) => {
    const checks = new ArgumentChecks();
    await checks.loadFor(...policies);
    try {
      return checks.fault({ type: 'object' }, {}) === undefined;
    } catch {
      expect(() => checks.heldFault(SEND, SEND, {})).toThrow('not loaded');
      return false;
    }
  };
  expect(await isLoaded(undefined)).toBe(false);
  expect(await isLoaded({ declares: false, pin: 'warn' })).toBe(false);
  expect(await isLoaded({ declares: false, pin: 'deny' })).toBe(false);
  expect(await isLoaded({ declares: true, pin: 'warn' })).toBe(true);
  expect(await isLoaded({ declares: false, pin: 'hold' })).toBe(true);
  const checks = new ArgumentChecks();
  await checks.loadFor({ declares: false, pin: 'hold' });
  expect(checks.heldFault(SEND, SEND, { to: 'a' })).toBeUndefined();
  expect(checks.heldFault(SEND, SEND, {})).toMatch(
    /^it has changed since it was trusted, and .*look at the change$/,
  );
  // One that needs no more keeps it.
  await checks.loadFor({ declares: true, pin: 'warn' });
  expect(checks.fault(SEND.inputSchema, { to: 5 })).toBeDefined();
});

test('what the log keeps of arguments fits in 64 KiB, or only their names do, or not even those', () => {
  const logged = new LoggedArguments();
  const text = (values: { [name: string]: string }, isFull: boolean) =>
    logged.textOf({ names: Object.keys(values), values }, isFull);
  const whole = text({ a: 'x'.repeat(65_536 - 8) }, true);
  expect(whole).toHaveLength(65_536);
  expect(text({ a: 'x'.repeat(65_536 - 7) }, true)).toBe('["a"]');
  const name = 'y'.repeat(65_536 - 4);
  expect(text({ [name]: '' }, false)).toBe(`["${name}"]`);
  expect(text({ [`${name}y`]: '' }, false)).toBe('["…"]');
  expect(text({ a: 'x' }, false)).toBe('["a"]');
  expect(text({ a: 'y' }, false)).toBe('["a"]');
  expect(text({ b: 'x' }, false)).toBe('["b"]');
  expect(text({ b: 'x', a: 'x' }, false)).toBe('["a","b"]');
  expect(text({}, false)).toBe('[]');
});
