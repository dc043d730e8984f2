import { describe, expect, test } from 'vitest';
import { traceCall } from '../../src/draft/outlook.js';
import { stoppedNow } from '../../src/draft/stopped.js';
import { stack } from '../../src/policy/evaluate/layers.js';
import { Store } from '../../src/store/store.js';
import { policyOf } from '../policy/support.js';

const SEND = {
  name: 'send',
  description: 'Sends.',
  inputSchema: { type: 'object', properties: { to: { type: 'string' } } },
};
const MORE = {
  ...SEND,
  description: 'Sends more.',
  inputSchema: { ...SEND.inputSchema, properties: { to: { type: 'string' }, key: { type: 'string' } } },
};
const seen = (...tools: { name: string }[]) =>
  tools.map((tool) => ({ name: tool.name, definition: JSON.stringify(tool) }));
const observer = { by: 'x', ended: new Set(['tool' as const]) };

function changed(): Store {
  const store = Store.open(':memory:');
  store.seeTools('s', seen(SEND), observer);
  store.seeTools('s', seen(MORE, { ...SEND, name: 'late' }), observer);
  return store;
}
const call = (args: object = {}, tool = 'send') => ({ tool, args: args as Record<string, never>, env: {} });
const layers = (more: object) => stack(policyOf({ version: '1', default: 'allow', ...more }));

describe('what refuses a call at this moment', () => {
  test.each([
    ['off', {}, call({ to: 'a', key: 'b' }), undefined],
    ['warn', {}, call({ to: 'a', key: 'b' }), undefined],
    ['deny', {}, call({ to: 'a' }), 'the tool has changed since it was trusted'],
    ['hold', {}, call({ to: 'a' }), undefined],
    ['hold', {}, call({ to: 'a', key: 'b' }), 'the tool has changed since it was trusted, and '],
    ['hold', {}, call({}, 'late'), 'the tool is new, and nobody has trusted it'],
    ['hold', { new_tools: 'show' }, call({}, 'late'), undefined],
    ['deny', {}, call({}, 'late'), undefined],
    ['deny', {}, call({}, 'unseen'), undefined],
  ] as const)('pin: "%s" %o %o: %s', (pin, more, asked, why) => {
    using _ = { [Symbol.dispose]: () => store.close() };
    const store = changed();
    const stopped = stoppedNow(layers({ pin, ...more }), asked, 's', store);
    if (why === undefined) expect(stopped).toBeUndefined();
    else expect(stopped).toMatchObject({ code: 'CHANGED', why: expect.stringContaining(why) });
    expect(stoppedNow(layers({ pin, ...more }), asked, 'other', store)).toBeUndefined();
  });

  test('a pause, of all servers or of this one; what is hidden stays hidden', () => {
    const store = changed();
    const traced = (policy: object, server = 's') =>
      traceCall(layers(policy), call({ to: 'a' }), { server, grant: 'default' }, (look) => look(store), 0)
        .outlook;
    expect(traced({})).toMatchObject({ decision: 'allow' });
    store.pause('s', undefined, 'cli');
    expect(traced({})).toMatchObject({ decision: 'deny', code: 'PAUSED' });
    expect(traced({}, 'other')).toMatchObject({ decision: 'allow' });
    expect(traced({ hide: ['send'] })).toMatchObject({ decision: 'hide' });
    expect(traced({ default: 'deny' })).toMatchObject({ decision: 'deny', code: 'NOT_LISTED' });
    store.pause(undefined, undefined, 'cli');
    expect(traced({}, 'other')).toMatchObject({ code: 'PAUSED' });
    store.close();
  });
});
