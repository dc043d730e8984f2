import { afterAll, describe, expect, test, vi } from 'vitest';
import type { StateSession } from '../../src/proxy/state-session.js';
import { tempDir } from '../store/support.js';
import { Between, LateLedger } from './support.js';

const temp = tempDir();
afterAll(temp.remove);

const LIMITED = {
  version: '1',
  default: 'allow',
  tools: { take: { limits: [{ counter: 'taken', window: 'hour', max: 2 }] } },
};

/** Everything between a client and a server, with a store that answers when it is told to. */
function later(policy: object) {
  let ledger: LateLedger | undefined;
  const between = new Between(temp, policy, {
    ledger: (own: StateSession) => (ledger = new LateLedger(own)),
  });
  return { between, ledger: ledger as LateLedger };
}

describe('a store that answers later', () => {
  test('G1, G7: calls wait for it, what came behind them too, and all of it leaves in its order', async () => {
    const { between, ledger } = later(LIMITED);
    using _ = between;
    between.client(
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'take', arguments: {} } },
      { jsonrpc: '2.0', method: 'notifications/progress' },
    );
    between.call(2, 'take');
    between.client({ jsonrpc: '2.0', id: 3, method: 'ping' });
    between.call(4, 'take');
    expect(between.toServer).toEqual([]);
    expect(ledger.asked.map(({ length }) => length)).toEqual([1]);
    await ledger.answer();
    expect(between.toServer.map(({ id, method }) => id ?? method)).toEqual([1, 'notifications/progress']);
    // What came meanwhile is asked about together.
    expect(ledger.asked.map(({ length }) => length)).toEqual([1, 2]);
    await ledger.answer();
    expect(between.toServer.map(({ id, method }) => id ?? method)).toEqual([
      1,
      'notifications/progress',
      2,
      3,
    ]);
    expect(between.answer(4).result._meta['policy-wrap/decision']).toMatchObject({ code: 'LIMIT', used: 2 });
  });

  test('G3: what it cannot decide is refused, and what came behind is decided by itself', async () => {
    const { between, ledger } = later(LIMITED);
    using _ = between;
    between.call(1, 'take');
    between.call(2, 'take');
    await ledger.answer(new Error('no answer'));
    expect(between.answer(1).result._meta['policy-wrap/decision'].code).toBe('INTERNAL');
    expect(between.calls).toEqual([]);
    await ledger.answer();
    expect(between.toServer.map(({ id }) => id)).toEqual([2]);
  });

  test('G5: a call that was let through when nobody was left to send it to costs nothing', async () => {
    const { between, ledger } = later(LIMITED);
    using _ = between;
    between.call(1, 'take');
    between.abandon();
    await ledger.answer();
    expect(between.calls).toEqual([]);
    expect(ledger.settled.map(({ outcome }) => outcome)).toEqual(['not_sent']);
    between.state.close();
    expect(between.read((store) => store.counters().map(({ used }) => Number(used)))).toEqual([0]);
  });

  test('a call that the client gave up while it was decided is given up after it was sent', async () => {
    const { between, ledger } = later(LIMITED);
    using _ = between;
    between.call(1, 'take');
    between.client({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
    await ledger.answer();
    expect(between.toServer.map(({ method }) => method)).toEqual(['tools/call', 'notifications/cancelled']);
    expect(ledger.settled.map(({ outcome }) => outcome)).toEqual(['cancelled']);
  });

  test('G5: waits are counted by its clock, not by that of this machine', async () => {
    const { between, ledger } = later({
      ...LIMITED,
      tools: { take: { limits: [{ counter: 'taken', window: 'hour', max: 1 }] } },
    });
    using _ = between;
    // The database's clock is this machine's: by a clock that is half an hour ahead, half of the wait is over.
    ledger.ahead = 1_800_000;
    between.call(1, 'take');
    await ledger.answer();
    between.call(2, 'take');
    await ledger.answer();
    const { retryAfterMs } = between.answer(2).result._meta['policy-wrap/decision'];
    expect(retryAfterMs).toBeLessThanOrEqual(1_800_000);
    expect(retryAfterMs).toBeGreaterThan(0);
  });
});

describe('a policy that names the store of a team', () => {
  const NAMED = { ...LIMITED, store: 'billing', hide: ['secret'] };

  test('G4: every call is refused by a wrapper that was started without it, or with another', () => {
    for (const team of [undefined, 'other']) {
      using between = new Between(temp, NAMED, { team });
      between.call(1, 'take');
      between.call(2, 'anything');
      for (const id of [1, 2])
        expect(between.answer(id).result._meta['policy-wrap/decision']).toMatchObject({
          ...{ code: 'STORE', rule: '/store' },
        });
      expect(between.answer(1).result.content[0].text).toContain('the store of the team "billing"');
      expect(between.calls).toEqual([]);
      expect(between.read((store) => store.log().map(({ code }) => code))).toEqual(['STORE', 'STORE']);
    }
  });

  test('G6: what it hides stays hidden then', () => {
    using between = new Between(temp, NAMED);
    between.call(1, 'secret');
    expect(between.answer(1).error).toMatchObject({ code: -32602, message: 'Unknown tool: secret' });
  });

  test('with it they pass', () => {
    using between = new Between(temp, NAMED, { team: 'billing' });
    between.call(1, 'take');
    expect(between.calls).toEqual(['take']);
  });
});

describe('requests of the server', () => {
  const ASKED = {
    version: '1',
    default: 'allow',
    server_requests: { sampling: { limits: [{ counter: 'asked', window: 'hour', max: 1 }] } },
  };
  const sampling = (id: number) => ({
    ...{ jsonrpc: '2.0', id, method: 'sampling/createMessage', params: { messages: [], maxTokens: 5 } },
  });

  test('G7: wait for it, and everything behind them too', async () => {
    const { between, ledger } = later(ASKED);
    using _ = between;
    const note = (name: string) => ({ jsonrpc: '2.0', method: name });
    between.server(note('a'), sampling(7), note('b'));
    between.server(sampling(8), note('c'));
    expect(between.toClient.map(({ method }) => method)).toEqual(['a']);
    await ledger.answer();
    expect(between.toClient.map(({ method }) => method)).toEqual(['a', 'sampling/createMessage', 'b']);
    await ledger.answer();
    expect(between.toClient.map(({ method }) => method)).toEqual(['a', 'sampling/createMessage', 'b', 'c']);
    expect(between.toServer).toMatchObject([{ id: 8, error: { code: 42900 } }]);
  });

  test('how long a call took is told from when its answer went on, however long it waited behind one of them', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const { between, ledger } = later(ASKED);
      using _ = between;
      between.call(1, 'look');
      await ledger.answer();
      vi.advanceTimersByTime(100);
      between.server(sampling(7), { jsonrpc: '2.0', id: 1, result: { content: [] } });
      vi.advanceTimersByTime(400);
      await ledger.answer();
      expect(between.answer(1)).toBeDefined();
      between.state.close();
      const [call] = between.read((store) => store.log()).filter(({ tool }) => tool === 'look');
      expect(call?.latencyMs).toBe(500);
    } finally {
      vi.useRealTimers();
    }
  });

  test('G3: are refused when it fails', async () => {
    const { between, ledger } = later(ASKED);
    using _ = between;
    between.server(sampling(7), { jsonrpc: '2.0', method: 'b' });
    await ledger.answer(new Error('no answer'));
    expect(between.toClient.map(({ method }) => method)).toEqual(['b']);
    expect(between.toServer).toMatchObject([{ id: 7, error: { data: { code: 'INTERNAL' } } }]);
  });
});
