import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readDraft } from '../../src/draft/findings.js';
import { readPasted } from '../../src/draft/pasted.js';

const HOSTED = readFileSync('test/fixtures/policies/pasted.json', 'utf8');

function made(text: string, tool?: string) {
  const pasted = readPasted(text, tool);
  if (!('text' in pasted)) throw new Error(JSON.stringify(pasted));
  const found = readDraft(pasted.text, '/nowhere/afip.json');
  const limits =
    found.kind === 'policy'
      ? [...found.policy.tools.values()].flatMap(({ name, limits }) =>
          limits.map(({ max, windowText, counter }) => `${name.text}: ${max} per ${windowText} (${counter})`),
        )
      : found.problems.map(({ code, line }) => `${code} ${line}`);
  return { ...pasted, limits, default: found.kind === 'policy' ? found.policy.default : undefined };
}

test('a hosted policy becomes itself, to the byte', () => {
  expect(made(HOSTED)).toMatchObject({ kind: 'policy', text: HOSTED, notes: [], isComplete: true });
  expect(made(`\n\`\`\`json\n${HOSTED}\`\`\`\n`)).toMatchObject({ notes: [{ kind: 'fence' }] });
  expect(made(`\uFEFF${HOSTED}`).text).toBe(`\uFEFF${HOSTED}`);
});

test.each([
  ['under its name', '{ "track_logout": { "rate_limit": { "max": 10, "window": 60 } } }', undefined],
  [
    'a member cut out of a policy',
    '"track_logout": { "rate_limit": { "max": 10, "window": 60 } },',
    undefined,
  ],
  [
    'under tools',
    '{ "tools": { "track_logout": { "rate_limit": { "max": 10, "window": 60 } } } }',
    undefined,
  ],
  ['tools cut out', '"tools": { "track_logout": { "rate_limit": { "max": 10, "window": 60 } } }', undefined],
  [
    'the inside alone, of a tool that is named',
    '{ "rate_limit": { "max": 10, "window": 60 } }',
    'track_logout',
  ],
  ['the inside cut out', '"rate_limit": { "max": 10, "window": 60 }', 'track_logout'],
  [
    'with a comment',
    '// ten\n{ "track_logout": { "rate_limit": { "max": 10, "window": 60 /* s */ } } }',
    undefined,
  ],
])("the catalogue's FAQ spelling, %s: ten in a minute, everything else refused", (_what, text, tool) => {
  expect(made(text, tool)).toMatchObject({
    limits: ['track_logout: 10 per minute (track_logout_rate)'],
    default: 'deny',
    isComplete: true,
  });
});

test('what stands in a code block is taken without it, and only where it is one', () => {
  const block = (text: string) => readPasted(text);
  expect(block('```json\n{ "version": "1", "default": "deny" }\n```')).toMatchObject({
    text: '{ "version": "1", "default": "deny" }',
    notes: [{ kind: 'fence' }],
  });
  for (const empty of ['```\n```', '```\n\n```', '```json\n```'])
    expect(block(empty)).toEqual({ kind: 'unknown', fault: 'there is nothing in it' });
  for (const text of ['```json', '``` ```', '```', '````', '```\n{ "version": "1" }', '{ "a": {} }\n```'])
    expect(block(text)).not.toMatchObject({ notes: [{ kind: 'fence' }] });
});

test('what is added is told: the version and the default of a policy that has none, the tools of rules', () => {
  const added = (text: string, tool?: string) => made(text, tool).notes;
  const version = { kind: 'added', key: 'version', value: '1' };
  const deny = { kind: 'added', key: 'default', value: 'deny' };
  expect(added('{ "version": "1", "default": "allow" }')).toEqual([]);
  expect(added('{ "default": "allow" }')).toEqual([version]);
  expect(added('{ "version": "1" }')).toEqual([deny]);
  expect(added('{ "hide": [] }')).toEqual([version, deny]);
  expect(added('{ "pay": {} }')).toEqual([{ kind: 'tools' }, deny]);
  expect(added('```\n{ "action": "deny" }\n```', 'pay')).toEqual([
    { kind: 'fence' },
    { kind: 'tools' },
    deny,
  ]);
});

test('what is neither a policy nor rules is taken as it is, for the checker to tell', () => {
  for (const text of [
    '{}',
    '{ "pay": 1 }',
    '{ "pay": {}, "x": 1 }',
    '{ "action": "deny", "paay": 1 }',
    '// nothing',
  ])
    expect(readPasted(text, 'pay')).toEqual({ kind: 'policy', text, notes: [], isComplete: true });
  expect(readPasted('{ "action": "deny", "limits": [] }')).toEqual({ kind: 'nameless' });
});

test('rules without the name of their tool ask for it', () => {
  expect(readPasted('{ "action": "deny", "reason": "no" }')).toEqual({ kind: 'nameless' });
});

test("the predecessor's YAML says what is lost, and refuses it", () => {
  const yaml =
    'version: "1"\ndefault: deny\ntools:\n  pay:\n    rules:\n      - { name: cap, rate_limit: 5/hour }\n      - { name: cost, spend: 10 }\n';
  const { kind, notes, isComplete, limits } = made(yaml);
  expect({ kind, isComplete, limits }).toEqual({
    kind: 'yaml',
    isComplete: false,
    limits: [expect.stringContaining('pay: 5 per hour')],
  });
  expect(notes).toEqual([{ kind: 'import', text: expect.stringContaining('"spend"') }]);
});

test('what is no policy is told', () => {
  expect(readPasted(' \n')).toEqual({ kind: 'unknown', fault: expect.any(String) });
  expect(readPasted('hello')).toEqual({ kind: 'unknown', fault: expect.any(String) });
  // Broken JSON is taken as it is: the checker says where.
  expect(made('{ "version": "1", "default": "deny" "tools": {} }').limits).toEqual(['SYNTAX 1']);
  expect(made('{ "version": 1, "default": "deny" }').limits).toEqual(['TYPE 1']);
});
