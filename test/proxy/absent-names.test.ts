import { expect, test } from 'vitest';
import { stack } from '../../src/policy/evaluate/layers.js';
import { loadPolicy } from '../../src/policy/read/load.js';
import { AbsentNames } from '../../src/proxy/absent-names.js';

function policy(body: object) {
  const { policy: own } = loadPolicy(JSON.stringify({ version: '1', default: 'allow', ...body }), 'x');
  if (!own) throw new Error('invalid');
  return stack(own);
}

test('each exact name that the server does not list is told once, with what was probably meant', () => {
  const names = new AbsentNames();
  const shown = policy({ hide: ['drop', 'wipe_*'], tools: { mcp__x__pay: {}, read: {}, 'get_*': {} } });
  const listed = new Map([
    ['pay', {}],
    ['read', {}],
  ]);
  expect(names.news(shown, listed)).toEqual([
    'the policy names "mcp__x__pay", which the server does not list: its rules judge nothing; did you mean "pay"?',
    'the policy names "drop", which the server does not list: its rules judge nothing',
  ]);
  expect(names.news(shown, listed)).toEqual([]);
  // Another policy, read while the wrapper runs.
  expect(names.news(policy({ tools: { payy: {}, mcp__x__pay: {} } }), listed)).toHaveLength(1);
});

test('a policy of many servers does not fill the screen', () => {
  const tools = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`tool_of_another_${i}`, {}]));
  const lines = new AbsentNames().news(policy({ tools }), new Map([['read', {}]]));
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toBe('and 980 more names: policy-wrap check shows them');
  const twenty = Object.fromEntries(Object.entries(tools).slice(0, 20));
  expect(new AbsentNames().news(policy({ tools: twenty }), new Map())).toHaveLength(20);
});
