import { describe, expect, test } from 'vitest';
import { readJsonc } from '../../../src/json/relaxed.js';
import { editEntry, type Wish } from '../../../src/policy/edit/edit-entry.js';
import { impossibleText, noteText } from '../../../src/policy/edit/edit-note.js';
import type { RULE_FIELDS } from '../../../src/policy/read/format.js';
import { loadPolicy } from '../../../src/policy/read/load.js';

/** Edits a policy and checks that what comes out is one. */
function edited(policy: object, name: string, wish: Wish, text = JSON.stringify(policy, null, 2)) {
  const { policy: loaded } = loadPolicy(text, 'p');
  if (!loaded) throw new Error('no policy');
  const { text: after, notes } = editEntry(text, loaded, name, wish);
  const again = loadPolicy(after, 'p');
  expect(again.problems).toEqual([]);
  return {
    document: readJsonc(after)?.doubles as Record<string, Record<string, unknown>>,
    notes: notes.map(noteText),
    text: after,
  };
}

const DENY = { version: '1', default: 'deny' };
const LIMIT = { counter: 'c', window: 'day', max: 5 };
const ALWAYS = { conditions: [], on_deny: 'never' };
const SMALL = { conditions: [{ path: 'args.n', op: 'lte', value: 5 }] };
const COPIED = 'the rules of "t*", which judged it until now, are copied into an entry of its own';
const LARGE = { conditions: [{ path: 'args.n', op: 'gt', value: 9 }] };

describe('allow', () => {
  test.each<[title: string, before: object, after: object]>([
    ['lists a tool', {}, { tools: { t: {} } }],
    ['takes an action away', { tools: { t: { action: 'deny', reason: 'no' } } }, { tools: { t: {} } }],
    [
      'a rule without conditions with its reason',
      { tools: { t: { approve_if: [ALWAYS], reason: 'no' } } },
      { tools: { t: {} } },
    ],
    ['of approval too', { tools: { t: { action: 'approve' } } }, { tools: { t: {} } }],
    ['of hiding too', { tools: { t: { action: 'hide' } } }, { tools: { t: {} } }],
    ['takes a name out of "hide"', { hide: ['a', 't'], tools: { t: {} } }, { hide: ['a'], tools: { t: {} } }],
    ['with "hide" where it is empty then', { hide: ['t'], tools: { t: {} } }, { tools: { t: {} } }],
    [
      'keeps limits and conditions, and takes away what has none',
      {
        tools: {
          t: {
            deny_if: [ALWAYS, LARGE],
            approve_if: [ALWAYS],
            require: [SMALL],
            limits: [LIMIT],
            reason: 'r',
          },
        },
      },
      { tools: { t: { deny_if: [LARGE], require: [SMALL], limits: [LIMIT], reason: 'r' } } },
    ],
    [
      'keeps the reason of rules that stay',
      { tools: { t: { action: 'approve', require: [SMALL], reason: 'r' } } },
      { tools: { t: { require: [SMALL], reason: 'r' } } },
    ],
    [
      'copies the rules of the pattern that refused it',
      { tools: { 't*': { deny_if: [ALWAYS], limits: [LIMIT] } } },
      { tools: { 't*': { deny_if: [ALWAYS], limits: [LIMIT] }, t: { limits: [LIMIT] } } },
    ],
    [
      'changes nothing that a pattern allows',
      { tools: { 't*': { limits: [LIMIT] } } },
      { tools: { 't*': { limits: [LIMIT] } } },
    ],
    [
      'shows again what a pattern allows',
      { hide: ['t'], tools: { 't*': { limits: [LIMIT] } } },
      { tools: { 't*': { limits: [LIMIT] } } },
    ],
    ['takes a pattern as it is written', { hide: ['t*'], tools: { 't*': {} } }, { tools: { 't*': {} } }],
  ])('%s', (_, before, after) => {
    expect(
      edited(
        { ...DENY, ...before },
        before && 'hide' in before && (before.hide as string[])[0] === 't*' ? 't*' : 't',
        { kind: 'allow' },
      ).document,
    ).toEqual({
      ...DENY,
      ...after,
    });
  });

  test('says what stays, and what allows it already', () => {
    expect(
      edited({ ...DENY, tools: { t: { action: 'approve', limits: [LIMIT] } } }, 't', { kind: 'allow' }).notes,
    ).toEqual(['it keeps its other rules: limits']);
    expect(edited({ ...DENY, tools: { 't*': {} } }, 't', { kind: 'allow' }).notes).toEqual([
      '"t*" allows it already',
    ]);
    expect(edited({ version: '1', default: 'allow' }, 't', { kind: 'allow' }).notes).toEqual([
      '"default" allows it already',
    ]);
  });
});

test.each<[wish: Wish, before: object, after: object]>([
  [{ kind: 'ask' }, {}, { tools: { t: { action: 'approve' } } }],
  [
    { kind: 'ask' },
    { tools: { t: { deny_if: [ALWAYS], limits: [LIMIT] } } },
    { tools: { t: { action: 'approve', limits: [LIMIT] } } },
  ],
  [{ kind: 'ask', reason: 'look' }, { hide: ['t'] }, { tools: { t: { action: 'approve', reason: 'look' } } }],
  [
    { kind: 'deny' },
    { tools: { t: { limits: [LIMIT] } } },
    { tools: { t: { limits: [LIMIT], deny_if: [{ conditions: [] }] } } },
  ],
  [{ kind: 'deny', reason: 'Ask Ana.' }, {}, { tools: { t: { action: 'deny', reason: 'Ask Ana.' } } }],
  [
    { kind: 'hide' },
    { tools: { t: { limits: [LIMIT] } } },
    { tools: { t: { limits: [LIMIT] } }, hide: ['t'] },
  ],
  [{ kind: 'hide' }, { hide: ['a'] }, { hide: ['a', 't'] }],
  [{ kind: 'hide' }, { hide: ['t'] }, { hide: ['t'] }],
  [{ kind: 'limit', rate: '10/hour' }, {}, { tools: { t: { rate_limit: '10/hour' } } }],
  [
    { kind: 'limit', rate: '10/hour' },
    { tools: { t: { rate_limit: '5/minute', require: [SMALL] } } },
    { tools: { t: { rate_limit: '10/hour', require: [SMALL] } } },
  ],
  [
    { kind: 'limit', rate: '10/hour' },
    { tools: { t: { limits: [{ ...LIMIT, counter: 't_rate' }] } } },
    { tools: { t: { rate_limit: '10/hour' } } },
  ],
  [
    { kind: 'limit', rate: '10/hour' },
    { tools: { t: { limits: [LIMIT] } } },
    { tools: { t: { limits: [LIMIT], rate_limit: '10/hour' } } },
  ],
  [
    { kind: 'limit', rate: '10/hour' },
    { hide: ['t'], tools: { t: {} } },
    { hide: ['t'], tools: { t: { rate_limit: '10/hour' } } },
  ],
])('%j', (wish, before, after) => {
  expect(edited({ ...DENY, ...before }, 't', wish).document).toEqual({ ...DENY, ...after });
});

const RATE = { window: 'minute', max: 5 };
test.each<[title: string, wish: Wish, before: object, after: object, notes: string[]]>([
  [
    'a rate goes on in the count of its pattern',
    { kind: 'ask' },
    { tools: { 't*': { rate_limit: '5/minute', require: [SMALL] } } },
    { t: { require: [SMALL], limits: [{ counter: 't*_rate', ...RATE }], action: 'approve' } },
    [COPIED, 'it keeps its other rules: require, limits'],
  ],
  [
    'behind the limits that are there',
    { kind: 'ask' },
    { tools: { 't*': { rate_limit: RATE, limits: [LIMIT] } } },
    { t: { limits: [LIMIT, { counter: 't*_rate', ...RATE }], action: 'approve' } },
    [COPIED, 'it keeps its other rules: limits'],
  ],
  [
    'a rate that is set takes its place',
    { kind: 'limit', rate: '1/day' },
    { tools: { 't*': { rate_limit: '5/minute', limits: [LIMIT] } } },
    { t: { rate_limit: '1/day', limits: [LIMIT] } },
    [COPIED, 'its other limits hold beside this one'],
  ],
  [
    'what a pattern asks about, it allows no longer',
    { kind: 'allow' },
    { tools: { 't*': { approve_if: [ALWAYS], reason: 'r' } } },
    { t: {} },
    [COPIED],
  ],
  ['nor with an action', { kind: 'allow' }, { tools: { 't*': { action: 'approve' } } }, { t: {} }, [COPIED]],
  [
    'a pattern with conditions allows',
    { kind: 'allow' },
    { hide: ['t'], tools: { 't*': { deny_if: [LARGE], approve_if: [LARGE] } } },
    {},
    ['"t*" allows it'],
  ],
  [
    'and so does the default',
    { kind: 'allow' },
    { default: 'allow', hide: ['t', 'u'] },
    {},
    ['"default" allows it'],
  ],
  [
    'what is hidden stays so',
    { kind: 'hide' },
    { hide: ['t'], tools: { t: {} } },
    { t: {} },
    ['it is hidden already'],
  ],
  [
    'an entry stays behind what hides it',
    { kind: 'hide' },
    { tools: { t: { limits: [LIMIT] } } },
    { t: { limits: [LIMIT] } },
    ['its entry stays, for when it is allowed again'],
  ],
  ['without one there is nothing to say', { kind: 'hide' }, { tools: { 't*': {} } }, {}, []],
  [
    'an action that allows is one already',
    { kind: 'allow' },
    { tools: { t: { action: 'allow', limits: [LIMIT], reason: 'r' } } },
    { t: { action: 'allow', limits: [LIMIT], reason: 'r' } },
    ['it keeps its other rules: limits'],
  ],
  [
    'all that refuses every call goes',
    { kind: 'allow' },
    { tools: { t: { deny_if: [ALWAYS, LARGE, ALWAYS], approve_if: [LARGE] } } },
    { t: { deny_if: [LARGE], approve_if: [LARGE] } },
    ['it keeps its other rules: deny_if, approve_if'],
  ],
  [
    'a reason is of the action that it stands beside',
    { kind: 'deny' },
    { tools: { t: { action: 'approve', reason: 'look' } } },
    { t: { action: 'deny' } },
    [],
  ],
  [
    'and stays beside the same action',
    { kind: 'deny' },
    { tools: { t: { action: 'deny', reason: 'no' } } },
    { t: { action: 'deny', reason: 'no' } },
    [],
  ],
  [
    'until there is another',
    { kind: 'deny', reason: 'never' },
    { tools: { t: { action: 'deny', reason: 'no' } } },
    { t: { action: 'deny', reason: 'never' } },
    [],
  ],
  [
    'the reason of rules stays',
    { kind: 'ask' },
    { tools: { t: { limits: [LIMIT], reason: 'r' } } },
    { t: { limits: [LIMIT], reason: 'r', action: 'approve' } },
    ['it keeps its other rules: limits'],
  ],
  [
    'asking about every call takes the place of a rule that asks about every call',
    { kind: 'ask' },
    { tools: { t: { approve_if: [ALWAYS] } } },
    { t: { action: 'approve' } },
    [],
  ],
  [
    'beside rules an action that allows may stay',
    { kind: 'deny' },
    { tools: { t: { action: 'allow', limits: [LIMIT] } } },
    { t: { action: 'allow', limits: [LIMIT], deny_if: [{ conditions: [] }] } },
    [],
  ],
  [
    'of several limits the one of that name goes',
    { kind: 'limit', rate: '1/day' },
    { tools: { t: { limits: [LIMIT, { ...LIMIT, counter: 't_rate' }] } } },
    { t: { limits: [LIMIT], rate_limit: '1/day' } },
    ['its other limits hold beside this one'],
  ],
])('%s: %j', (_, wish, before, after, notes) => {
  const { document, notes: said } = edited({ ...DENY, ...before }, 't', wish);
  const { 't*': _pattern, ...tools } = document.tools ?? {};
  expect(tools).toEqual(after);
  expect(said).toEqual(notes);
});

test('a pattern has no rules of another pattern', () => {
  const { document, notes } = edited({ ...DENY, tools: { '*': { deny_if: [ALWAYS] } } }, 't*', {
    kind: 'allow',
  });
  expect(document.tools).toEqual({ '*': { deny_if: [ALWAYS] }, 't*': {} });
  expect(notes).toEqual([]);
});

test.each(['hide', 'deny'] as const)('of a tool with the action %s nothing is limited', (action) => {
  const text = JSON.stringify({ ...DENY, tools: { t: { action } } });
  const { policy } = loadPolicy(text, 'p');
  expect(policy && editEntry(text, policy, 't', { kind: 'limit', rate: '1/day' })).toEqual({
    text,
    notes: [],
    impossible: { code: 'refused_anyway', action },
  });
});

test('only the text of a policy is edited', () => {
  const { policy } = loadPolicy(JSON.stringify(DENY), 'p');
  for (const text of ['[]', '{', '{"a":1,"a":1}', '1'])
    expect(() => policy && editEntry(text, policy, 't', { kind: 'ask' })).toThrow('cannot be edited');
});

test('a limit says what it does not change', () => {
  const notes = (entry: object) =>
    edited({ ...DENY, tools: { t: entry } }, 't', { kind: 'limit', rate: '1/day' }).notes;
  expect(notes({ action: 'approve' })).toEqual(['a person is still asked about each call']);
  expect(notes({ limits: [LIMIT] })).toEqual(['its other limits hold beside this one']);
});

test('deny beside rules: they stay, and allow brings them back', () => {
  const policy = { ...DENY, tools: { t: { action: 'approve', deny_if: [LARGE], limits: [LIMIT] } } };
  const denied = edited(policy, 't', { kind: 'deny', reason: 'no' });
  expect(denied.document.tools?.t).toEqual({
    deny_if: [LARGE, { conditions: [], on_deny: 'no' }],
    limits: [LIMIT],
  });
  expect(edited({}, 't', { kind: 'deny' }, denied.text).document.tools?.t).toEqual({
    deny_if: [LARGE, { conditions: [] }],
    limits: [LIMIT],
  });
  expect(edited({}, 't', { kind: 'allow' }, denied.text).document.tools?.t).toEqual({
    deny_if: [LARGE],
    limits: [LIMIT],
  });
});

const RULES = {
  arguments: 'declared',
  require: [SMALL],
  deny_if: [LARGE],
  approve_if: [LARGE],
  limits: [LIMIT],
  rate_limit: '5/minute',
  hours: { days: 'mon-fri' },
  after: [{ tools: ['fetch'], within: '1h' }],
  before: [{ tools: ['preview'] }],
} satisfies Record<(typeof RULE_FIELDS)[number], unknown>;

test.each(Object.entries(RULES))('deny beside %s is no contradiction, and allow keeps it', (field, rule) => {
  const entry = { [field]: rule, reason: 'r' };
  const denied = edited({ ...DENY, tools: { t: entry } }, 't', { kind: 'deny' });
  expect(denied.document.tools?.t).not.toHaveProperty('action');
  const allowed = edited({}, 't', { kind: 'allow' }, denied.text);
  expect(allowed.document.tools?.t).toEqual(entry);
  expect(allowed.notes).toEqual([`it keeps its other rules: ${field === 'rate_limit' ? 'limits' : field}`]);
});

test('a tool that is refused has nothing to limit', () => {
  const text = JSON.stringify({ ...DENY, tools: { t: { action: 'deny' } } });
  const { policy } = loadPolicy(text, 'p');
  if (!policy) throw new Error('no policy');
  const { text: after, impossible } = editEntry(text, policy, 't', { kind: 'limit', rate: '1/day' });
  expect(after).toBe(text);
  expect(impossible && impossibleText(impossible)).toContain('action "deny"');
});

test('comments, order and style stay', () => {
  const text = `{
  // ours
  "version": "1", "default": "deny",
  "tools": {
    "t": { // the tool
      "action": "approve", // Ana, May
      /* for the books */ "limits": [{ "counter": "c", "window": "day", "max": 5 }],
    },
    "z": {}, // last
  },
}
`;
  expect(edited({}, 't', { kind: 'allow' }, text).text).toBe(
    text.replace('      "action": "approve", // Ana, May', ' // Ana, May'),
  );
  expect(edited({}, 'new', { kind: 'ask' }, text).text).toBe(
    text.replace('"z": {}, // last\n', '"z": {}, // last\n    "new": { "action": "approve" },\n'),
  );
});

test.each(['__proto__', 'constructor', 'a/b~c', 'día', 'x"y', '*'])('a tool may be called %s', (name) => {
  const { document } = edited({ ...DENY, tools: {} }, name, { kind: 'ask' });
  expect(Object.getOwnPropertyDescriptor(document.tools, name)?.value).toEqual({ action: 'approve' });
});

test('a number of many digits is copied with all of them', () => {
  const text = `{ "version": "1", "default": "deny", "tools": { "t*": { "limits": [
    { "counter": "c", "window": "day", "max": 9007199254740993.5 } ] } } }`;
  const { text: after } = edited({}, 't', { kind: 'ask' }, text);
  expect(after.match(/9007199254740993\.5/g)).toHaveLength(2);
});
