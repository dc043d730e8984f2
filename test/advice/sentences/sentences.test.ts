import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { additionsTo } from '../../../src/advice/sentences/additions.js';
import { OPERATOR_CHOICES, takesOf } from '../../../src/advice/sentences/conditions.js';
import type { Clause, Field, Input, Sentence } from '../../../src/advice/sentences/model.js';
import { applied, type Reading, sentencesIn } from '../../../src/advice/sentences/read.js';
import { canonicalJson } from '../../../src/json/canonical.js';
import { readJsonc } from '../../../src/json/relaxed.js';
import { isArray, isObject, type Json } from '../../../src/json/value.js';
import { textAt } from '../../../src/policy/edit/jsonc-text.js';
import { evaluate } from '../../../src/policy/evaluate/evaluate.js';
import { parseWindow } from '../../../src/policy/limits/window.js';
import { OPERATOR_NAMES } from '../../../src/policy/operators.js';
import { loadPolicy } from '../../../src/policy/read/load.js';
import { callOf, outcomeOf, policyOf } from '../../policy/support.js';
import { ABOUT, policyText } from './policies.js';

const PART = { path: ['tools', 't'], about: ABOUT };

function read(text: string, part = PART): Reading {
  const reading = sentencesIn(text, part);
  if (!reading) throw new Error(`cannot be read: ${text}`);
  return reading;
}

function documentOf(text: string): Json {
  const found = readJsonc(text)?.exact;
  if (found === undefined) throw new Error(`no JSON: ${text}`);
  return found;
}

const errorsOf = (text: string) =>
  loadPolicy(text, 'p').problems.filter(({ severity }) => severity === 'error');

/** The paths at which two documents differ, the shortest ones. */
function differences(a: Json | undefined, b: Json | undefined, at = ''): string[] {
  if (a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b)) return [];
  if (isObject(a) && isObject(b))
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
      differences(
        Object.hasOwn(a, key) ? a[key] : undefined,
        Object.hasOwn(b, key) ? b[key] : undefined,
        `${at}/${key}`,
      ),
    );
  if (isArray(a) && isArray(b) && a.length === b.length)
    return a.flatMap((each, i) => differences(each, b[i], `${at}/${i}`));
  return [at];
}

const pointer = (path: readonly (string | number)[]) => path.map((step) => `/${step}`).join('');

/** Another value than the one that stands there, as a person could give it. */
function another({ value, input }: Field): Json {
  switch (input.kind) {
    case 'number':
      return value === 7 ? 8 : 7;
    case 'text':
    case 'path':
      return value === 'args.note' ? 'args.urgent' : 'args.note';
    case 'json':
      return value === 7 ? 8 : 7;
    case 'time':
      return value === '10:00' ? '11:00' : '10:00';
    case 'days':
      return value === 'sat' ? 'sun' : 'sat';
    case 'window':
      return value === 'week' ? 'day' : 'week';
    case 'choice':
      return input.options.filter((option) => canonicalJson(option) !== canonicalJson(value))[0] ?? null;
    case 'list':
      return input.of === 'number' ? [1, 2, 3] : ['args.note', 'args.urgent', 'args.currency'];
  }
}

describe('an entry as sentences', () => {
  test('is read without changing a byte, and every rule of it is a sentence', () => {
    fc.assert(
      fc.property(policyText, (text) => {
        const { sentences, others } = read(text);
        expect(others).toEqual([]);
        expect(applied(text, [])).toBe(text);
        const same = sentences.flatMap(({ clauses }) =>
          clauses.flatMap(({ fields }) =>
            fields.filter(isThere(text)).flatMap((field) => field.put(field.value)),
          ),
        );
        expect(applied(text, same)).toBe(text);
      }),
    );
  });

  test('an edit of one field changes what it stands for, and nothing else', () => {
    fc.assert(
      fc.property(policyText, fc.nat(), (text, at) => {
        const { sentences } = read(text);
        const fields = sentences.flatMap(({ clauses }) => clauses.flatMap((clause) => clause.fields));
        fc.pre(fields.length > 0);
        const field = fields[at % fields.length] as Field;
        const edits = field.put(another(field));
        const after = applied(text, edits);
        const changed = differences(documentOf(text), documentOf(after));
        expect(changed.length, JSON.stringify([field, edits])).toBeGreaterThan(0);
        const meant = edits.map(({ path }) => pointer(path));
        for (const path of changed)
          expect(
            meant.some((edit) => path === edit || path.startsWith(`${edit}/`) || edit.startsWith(`${path}/`)),
          ).toBe(true);
        // Those inside of a value go with it.
        const inside = edits.flatMap(({ path }) => commentsOf(textAt(text, path) ?? ''));
        expect(commentsOf(after).length).toBe(commentsOf(text).length - inside.length);
      }),
    );
  });

  test('every clause and sentence can be taken away, and what is left is read as before', () => {
    fc.assert(
      fc.property(policyText, fc.nat(), (text, at) => {
        fc.pre(errorsOf(text).length === 0);
        const { sentences } = read(text);
        const removals = sentences.flatMap((sentence) => [
          { removal: sentence.removal, isWhole: true },
          ...sentence.clauses.flatMap(({ removal }) => (removal ? [{ removal, isWhole: false }] : [])),
        ]);
        fc.pre(removals.length > 0);
        const { removal, isWhole } = removals[at % removals.length] as (typeof removals)[number];
        const after = applied(text, removal);
        expect(errorsOf(after)).toEqual([]);
        expect(read(after).sentences.length).toBe(sentences.length - (isWhole ? 1 : 0));
      }),
    );
  });

  test('what is added is a policy that can be used, is one sentence more, and takes nothing from what was refused', () => {
    fc.assert(
      fc.property(policyText, fc.nat(), fc.boolean(), (text, at, isBare) => {
        const before = isBare ? '{ "version": "1", "default": "deny" }' : text;
        fc.pre(errorsOf(before).length === 0);
        const additions = additionsTo(before, PART);
        const { kind, edits } = additions[at % additions.length] as (typeof additions)[number];
        const after = applied(before, edits);
        expect(errorsOf(after)).toEqual([]);
        const said = (of: string) =>
          read(of).sentences.filter((each) => each.kind === (kind === 'amount' ? 'limit' : kind)).length;
        // `action: deny` becomes a rule of its own.
        expect(said(after)).toBe(
          said(before) +
            (kind === 'deny_if' && before.includes('"deny_if"') === false && /"action": ?"deny"/.test(before)
              ? 2
              : 1),
        );
        const call = callOf('t', { note: 'x', amount_total: 7 });
        const was = outcomeOf(evaluate(policyOf(before), call));
        const is = outcomeOf(evaluate(policyOf(after), call));
        if (!isBare && was !== 'open' && was !== 'ask') expect(['open', 'ask']).not.toContain(is);
      }),
    );
  });

  test('every clause that can be added makes a policy that can be used, and is read back', () => {
    fc.assert(
      fc.property(policyText, fc.nat(), (text, at) => {
        fc.pre(errorsOf(text).length === 0);
        const { sentences } = read(text);
        const all = sentences.flatMap(({ more }, index) => more.map((addition) => ({ addition, index })));
        fc.pre(all.length > 0);
        const { addition, index } = all[at % all.length] as (typeof all)[number];
        const after = applied(text, addition.edits);
        expect(errorsOf(after)).toEqual([]);
        const phrases = read(after).sentences[index]?.clauses.map(({ phrase }) => phrase) ?? [];
        expect(phrases.some((phrase) => phrase.startsWith(addition.kind))).toBe(true);
      }),
    );
  });
});

const commentsOf = (text: string) => text.match(/\/\/.*|\/\*.*?\*\//g) ?? [];

/** A field whose value stands in the text; others show what holds without it. */
function isThere(text: string) {
  return (field: Field) => {
    const [edit] = field.put(field.value);
    let value: Json | undefined = documentOf(text);
    for (const step of edit?.path ?? [])
      value = (value as Record<string, Json> | undefined)?.[step as string];
    return value !== undefined;
  };
}

/** A call judged by what the sentences say, by nothing but their fields: for conditions on one number. */
function bySentences(sentences: readonly Sentence[], n: number): string {
  const holds = ({ fields }: Clause): boolean => {
    const said = Object.fromEntries(fields.map(({ name, value }) => [name, value])) as {
      op: string;
      value: number;
    };
    switch (said.op) {
      case 'eq':
        return n === said.value;
      case 'neq':
        return n !== said.value;
      case 'lt':
        return n < said.value;
      case 'lte':
        return n <= said.value;
      case 'gt':
        return n > said.value;
      case 'gte':
        return n >= said.value;
      default:
        throw new Error(said.op);
    }
  };
  const fires = (kind: Sentence['kind']) =>
    sentences
      .filter((sentence) => sentence.kind === kind)
      .map(({ clauses }) => clauses.filter(({ phrase }) => phrase === 'condition').every(holds));
  if (fires('require').includes(false)) return 'REQUIRE';
  if (fires('deny_if').includes(true)) return 'DENY_IF';
  return fires('approve_if').includes(true) ? 'ask' : 'open';
}

test('a call is judged as its sentences say', () => {
  const condition = fc.record({
    path: fc.constant('args.amount_total'),
    op: fc.constantFrom('eq', 'neq', 'lt', 'lte', 'gt', 'gte'),
    value: fc.integer({ min: 0, max: 4 }),
  });
  const list = fc.array(fc.record({ conditions: fc.array(condition, { minLength: 1, maxLength: 2 }) }), {
    maxLength: 2,
  });
  const rules = fc.record({ require: list, deny_if: list, approve_if: list }, { requiredKeys: [] });
  fc.assert(
    fc.property(rules, fc.integer({ min: 0, max: 4 }), (entry, n) => {
      const text = JSON.stringify({ version: '1', default: 'deny', tools: { t: entry } });
      const said = bySentences(read(text).sentences, n);
      expect(outcomeOf(evaluate(policyOf(text), callOf('t', { amount_total: n })))).toBe(said);
    }),
  );
});

describe('limits', () => {
  const FROM_NOTHING = '{\n  "version": "1",\n  "default": "deny"\n}\n';

  test('one that is added to nothing is the one of the documentation', () => {
    const part = { path: ['tools', 'track_logout'], about: { arguments: [], tools: [] } };
    const [limit] = additionsTo(FROM_NOTHING, part);
    expect(documentOf(applied(FROM_NOTHING, limit?.edits ?? []))).toEqual({
      version: '1',
      default: 'deny',
      tools: {
        track_logout: {
          limits: [{ counter: 'track_logout_rate', window: 'minute', max: 30, scope: 'grant' }],
        },
      },
    });
  });

  test('say what the policy limits', () => {
    fc.assert(
      fc.property(policyText, (text) => {
        const { policy } = loadPolicy(text, 'p');
        fc.pre(policy !== undefined);
        const said = read(text)
          .sentences.filter(({ kind }) => kind === 'limit' || kind === 'rate_limit')
          .map(({ clauses: [clause] }) => {
            const [max, ...rest] = clause?.fields ?? [];
            const window = parseWindow(rest.at(-1)?.value as string | number);
            return [String(max?.value), 'ms' in window ? window.ms : undefined];
          });
        const { limits = [] } = policy?.tools.get('t') ?? {};
        const meant = limits.map(({ max, windowMs }) => [max.toNumber().toString(), windowMs]);
        expect(said.map(String).sort()).toEqual(meant.map(String).sort());
      }),
    );
  });

  test('get counters that nothing else in the file has', () => {
    const text = JSON.stringify({
      version: '1',
      default: 'deny',
      tools: {
        t: { rate_limit: '5/minute' },
        u: { limits: [{ counter: 't_rate_2', window: 'day', max: 1 }] },
      },
    });
    const limit = additionsTo(text, PART).find(({ kind }) => kind === 'limit');
    expect(limit?.edits[0]?.value).toMatchObject({ counter: 't_rate_3' });
  });
});

describe('operators', () => {
  test('each is offered, with values of the kind that it compares', () => {
    expect(new Set(OPERATOR_CHOICES.map((choice) => (isArray(choice) ? choice[0] : choice)))).toEqual(
      new Set(OPERATOR_NAMES),
    );
    expect(OPERATOR_NAMES.map((op) => [op, takesOf(op)])).toEqual([
      ['eq', 'any'],
      ['neq', 'any'],
      ['lt', 'number'],
      ['lte', 'number'],
      ['gt', 'number'],
      ['gte', 'number'],
      ['in', 'list'],
      ['not_in', 'list'],
      ['exists', 'flag'],
      ['regex', 'text'],
      ['contains', 'any'],
      ['starts_with', 'text'],
    ]);
  });

  const textOf = (condition: object) =>
    JSON.stringify({
      version: '1',
      default: 'deny',
      tools: { t: { require: [{ conditions: [condition] }] } },
    });
  const condition = (text: string) => {
    const fields = read(text).sentences[0]?.clauses[1]?.fields ?? [];
    const named = (name: string) => fields.find((each) => each.name === name);
    return { path: named('path'), op: named('op'), value: named('value') };
  };

  test('every change of one operator into another leaves a condition that can be judged', () => {
    for (const from of OPERATOR_CHOICES)
      for (const to of OPERATOR_CHOICES)
        for (const path of [...ABOUT.arguments.map((each) => each.path), 'args.other']) {
          const start = condition(textOf({ path, op: 'exists', value: true })).op;
          const text = applied(textOf({ path, op: 'exists', value: true }), start?.put(from) ?? []);
          const after = applied(text, condition(text).op?.put(to) ?? []);
          expect(errorsOf(after), after).toEqual([]);
          expect(condition(after).op?.value).toEqual(to);
        }
  });

  test('another argument keeps what can be compared with it, and else begins anew', () => {
    const text = textOf({ path: 'args.amount_total', op: 'lte', value: 500 });
    const moved = (path: string) => {
      const after = applied(text, condition(text).path?.put(path) ?? []);
      expect(errorsOf(after)).toEqual([]);
      const { op, value } = condition(after);
      return [op?.value, value?.value];
    };
    expect(moved('args.items[*].price')).toEqual(['lte', 500]);
    expect(moved('args.currency')).toEqual(['in', ['ARS']]);
    expect(moved('args.urgent')).toEqual(['eq', true]);
    expect(moved('args.unheard_of')).toEqual(['lte', 500]);
  });

  test.each<[path: string, condition: object, input: Input]>([
    ['numbers', { path: 'args.amount_total', op: 'lte', value: 5 }, { kind: 'number' }],
    [
      'listed values',
      { path: 'args.invoice_type', op: 'eq', value: 6 },
      { kind: 'choice', of: 'value', options: [1, 6, 11] },
    ],
    [
      'several of them',
      { path: 'args.invoice_type', op: 'in', value: [1] },
      { kind: 'list', of: 'number', options: [1, 6, 11] },
    ],
    [
      'a value that is not listed',
      { path: 'args.currency', op: 'eq', value: 'EUR' },
      { kind: 'choice', of: 'value', options: ['EUR', 'ARS', 'USD'] },
    ],
    [
      'true and false',
      { path: 'args.urgent', op: 'eq', value: true },
      { kind: 'choice', of: 'value', options: [true, false] },
    ],
    ['text', { path: 'args.note', op: 'neq', value: 'x' }, { kind: 'text' }],
    ['patterns', { path: 'args.note', op: 'regex', value: '^x' }, { kind: 'text' }],
    ['what has no form', { path: 'args.note', op: 'eq', value: { a: 1 } }, { kind: 'json' }],
    [
      'several types',
      { path: 'args.note', op: 'in', value: ['x', 5] },
      { kind: 'list', of: 'json', options: [] },
    ],
  ])('%s are given as the schema has them', (_, given, input) => {
    expect(condition(textOf(given)).value?.input).toEqual(input);
  });
});

describe('what no sentence shows', () => {
  test.each<[title: string, entry: string, path: (string | number)[], text: string]>([
    ['an unknown key', '{ "x_later": [1, /* two */ 2] }', ['x_later'], '[1, /* two */ 2]'],
    [
      'an unknown key of a limit',
      '{ "limits": [{ "counter": "c", "window": "day", "max": 1, "burst": 2 }] }',
      ['limits', 0],
      '{ "counter": "c", "window": "day", "max": 1, "burst": 2 }',
    ],
    ['a value of another type', '{ "hours": "always" }', ['hours'], '"always"'],
    [
      'an unknown operator',
      '{ "require": [{ "conditions": [{ "path": "args.a", "op": "like", "value": 1 }] }] }',
      ['require', 0],
      '{ "conditions": [{ "path": "args.a", "op": "like", "value": 1 }] }',
    ],
    ['no list where one belongs', '{ "limits": {} }', ['limits'], '{}'],
    [
      'a value that its operator cannot compare',
      '{ "deny_if": [{ "conditions": [{ "path": "args.a", "op": "gt", "value": "1" }] }] }',
      ['deny_if', 0],
      '{ "conditions": [{ "path": "args.a", "op": "gt", "value": "1" }] }',
    ],
  ])('%s is given as it stands, and stays when the rest is edited', (_, entry, path, shown) => {
    const text = `{ "version": "1", "default": "deny", "tools": { "t": ${entry.replace(/\}$/, ', "rate_limit": "5/minute" }')} } }`;
    const { sentences, others } = read(text);
    expect(others).toEqual([{ path: ['tools', 't', ...path], text: shown }]);
    expect(sentences.map(({ kind }) => kind)).toEqual(['rate_limit']);
    const [max] = sentences[0]?.clauses[0]?.fields ?? [];
    expect(applied(text, max?.put(9) ?? [])).toBe(text.replace('5/minute', '9/minute'));
  });

  test('an entry that is no object, and a text that is no JSON or has a key twice', () => {
    expect(read('{ "tools": { "t": 5 } }').others).toEqual([{ path: ['tools', 't'], text: '5' }]);
    expect(sentencesIn('{ "tools": ', PART)).toBeUndefined();
    expect(sentencesIn('{ "tools": { "t": {}, "t": {} } }', PART)).toBeUndefined();
    expect(sentencesIn('[]', PART)).toBeUndefined();
  });
});

test('a number of many digits is shown and kept with all of them', () => {
  const text =
    '{ "tools": { "t": { "limits": [{ "counter": "c", "window": "day", "max": 12345678901234567.25 }] } } }';
  const [max, , window] = read(text).sentences[0]?.clauses[0]?.fields ?? [];
  expect(String(max?.value)).toBe('12345678901234567.25');
  expect(applied(text, window?.put('week') ?? [])).toBe(text.replace('"day"', '"week"'));
});

test('a refusal of every call stays one when a rule is added beside it', () => {
  const text = (entry: object, more: object = {}) =>
    JSON.stringify({ version: '1', default: 'deny', ...more, tools: { t: entry } });
  const withLimit = (before: string) =>
    documentOf(applied(before, additionsTo(before, PART).find(({ kind }) => kind === 'limit')?.edits ?? []));
  expect(withLimit(text({ action: 'deny', reason: 'no' }))).toMatchObject({
    tools: { t: { reason: 'no', deny_if: [{ conditions: [] }], limits: [{ max: 30 }] } },
  });
  expect(withLimit(text({ action: 'hide' }, { hide: ['x'] }))).toMatchObject({ hide: ['x', 't'] });
  const asks = additionsTo(text({ action: 'approve' }), PART).map(({ kind }) => kind);
  expect(asks).not.toContain('approve_if');
});

test('the whole file says what happens to changed definitions', () => {
  const whole = { path: [], about: ABOUT };
  const text = '{ "version": "1", "default": "deny" }';
  const [pin] = additionsTo(text, whole);
  const after = applied(text, pin?.edits ?? []);
  expect(sentencesIn(after, whole)).toMatchObject({ sentences: [{ kind: 'pin' }], others: [] });
  expect(additionsTo(after, whole)).toEqual([]);
});
