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
