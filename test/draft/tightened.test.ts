import { expect, test } from 'vitest';
import { tightenedBy } from '../../src/draft/tightened.js';
import { loadPolicy } from '../../src/policy/read/load.js';

const policy = (name: string, members: object) => {
  const { policy: loaded, problems } = loadPolicy(JSON.stringify({ version: '1', ...members }), name);
  if (!loaded) throw new Error(JSON.stringify(problems));
  return loaded;
};

test('what an extended policy makes stricter is told: settings, limits over all, hidden and stopped tools', () => {
  const own = policy('/home/ana/afip.json', {
    default: 'allow',
    pin: 'warn',
    approvals: { wait: '45s' },
    tools: { pay: {}, free: {} },
  });
  const org = policy('/etc/org.json', {
    default: 'allow',
    pin: 'deny',
    approvals: { wait: '10s' },
    hide: ['delete_*'],
    all_tools: {
      limits: [{ counter: 'calls', window: 'minute', max: 60 }],
      deny_if: [{ conditions: [{ path: 'args.x', op: 'eq', value: 1 }] }],
    },
    tools: { pay: { action: 'deny' } },
  });
  expect(tightenedBy(own, [org], ['pay', 'free', 'delete_all'])).toEqual([
    { kind: 'setting', name: 'pin', own: 'warn', holds: 'deny' },
    { kind: 'setting', name: 'approvals.wait', own: '45s', holds: '10s' },
    { kind: 'limit', layer: '/etc/org.json', text: '60 per minute (calls)' },
    { kind: 'rules', layer: '/etc/org.json', count: 1 },
    { kind: 'hides', layer: '/etc/org.json', name: 'delete_*' },
    { kind: 'judges', layer: '/etc/org.json', name: 'pay' },
    { kind: 'stops', layer: '/etc/org.json', name: 'pay' },
    { kind: 'stops', layer: '/etc/org.json', name: 'delete_all' },
  ]);
  expect(tightenedBy(own, [], ['pay'])).toEqual([]);
});

test('each setting of which the strictest holds is told as the file would say it, and only where it changes', () => {
  const own = policy('/home/ana/afip.json', { default: 'allow' });
  const org = (members: object) => policy('/etc/org.json', { default: 'allow', ...members });
  const settings = (members: object) =>
    tightenedBy(own, [org(members)], []).map((found) =>
      found.kind === 'setting' ? `${found.name}: ${found.own} -> ${found.holds}` : found.kind,
    );
  expect(settings({})).toEqual([]);
  expect(settings({ list: 'callable' })).toEqual(['list: all -> callable']);
  expect(settings({ pin: 'hold', new_tools: 'hide' })).toContainEqual(
    expect.stringMatching(/^pin: \w+ -> hold$/),
  );
  expect(settings({ on_suspicious: 'hide' })).toEqual([
    expect.stringMatching(/^on_suspicious: \w+ -> hide$/),
  ]);
  expect(settings({ approvals: { expires: '1m' } })).toContainEqual(
    expect.stringMatching(/^approvals\.expires: \d+s -> 60s$/),
  );
  expect(settings({ approvals: { channels: ['queue'] } })).toEqual([
    expect.stringMatching(/^approvals\.channels: .+ -> queue$/),
  ]);
});

test('what hides or judges is told apart, rules over all are counted, and a tool that was stopped already is not told', () => {
  const own = policy('/home/ana/afip.json', { default: 'deny', tools: { pay: {}, no: { action: 'deny' } } });
  const org = policy('/etc/org.json', {
    default: 'deny',
    all_tools: {
      require: [{ conditions: [{ path: 'args.x', op: 'eq', value: 1 }] }],
      approve_if: [{ conditions: [{ path: 'args.x', op: 'eq', value: 2 }] }],
      hours: { from: '08:00', to: '20:00' },
      arguments: 'declared',
    },
    tools: { gone: { action: 'hide' }, 'pay*': {} },
  });
  expect(tightenedBy(own, [org], ['pay', 'no', 'other', 'pay'])).toEqual([
    { kind: 'rules', layer: '/etc/org.json', count: 4 },
    { kind: 'hides', layer: '/etc/org.json', name: 'gone' },
    { kind: 'judges', layer: '/etc/org.json', name: 'pay*' },
  ]);
  expect(tightenedBy(own, [policy('/etc/org.json', { default: 'deny' })], ['pay', 'no', 'pay'])).toEqual([
    { kind: 'stops', layer: '/etc/org.json', name: 'pay' },
  ]);
});
