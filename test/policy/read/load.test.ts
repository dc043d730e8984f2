import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluate } from '../../../src/policy/evaluate/evaluate.js';
import { loadPolicy } from '../../../src/policy/read/load.js';
import { formatProblem, type Problem } from '../../../src/policy/read/problem.js';
import { rateAsLimit } from '../../../src/policy/read/rate.js';
import { growth } from '../../support/growth.js';
import { callOf, outcomeOf, policyOf, problemsOf } from '../support.js';

const FIXTURES = new URL('../../fixtures/policies/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, FIXTURES), 'utf8');

const tool = (entry: unknown) => ({ tools: { t: entry } });
const limits = (...list: object[]) =>
  tool({ limits: list.map((limit) => ({ counter: 'c', window: 'minute', max: 1, ...limit })) });
const condition = (body: object) =>
  tool({ require: [{ conditions: [{ path: 'args.x', op: 'eq', value: 1, ...body }] }] });
const brief = ({ code, pointer, likely }: Problem): string =>
  `${code} ${pointer}${likely ? ` -> ${likely}` : ''}`;

describe('files', () => {
  test.each(readdirSync(FIXTURES).filter((name) => name.endsWith('.json')))(
    '%s loads without a problem',
    (name) => {
      const loaded = loadPolicy(read(name), name);
      expect(loaded.problems.map((problem) => formatProblem(problem, name))).toEqual([]);
      expect(loaded.policy?.source).toBe(name);
    },
  );

  test.each(readdirSync(new URL('invalid/', FIXTURES)))(
    'invalid/%s has the problems that its first lines name',
    (name) => {
      const text = read(`invalid/${name}`);
      const expected = [...text.matchAll(/^\/\/ expect: (.*)$/gm)].map(([, line]) => line);
      const { policy, problems } = loadPolicy(text, name);
      expect(policy).toBeUndefined();
      expect(
        problems.map(
          ({ code, line, column, likely }) => `${line}:${column} ${code}${likely ? ` -> ${likely}` : ''}`,
        ),
      ).toEqual(expected);
    },
  );
});

describe('the text', () => {
  test('may have comments, trailing commas, a byte order mark, and Windows line ends', () => {
    const text =
      '\uFEFF// a policy\r\n{ "version": "1", /* why */ "default": "deny",\r\n "tools": { "t": {}, }, "hide": ["x",], }\r\n';
    expect(problemsOf(text)).toEqual([]);
    expect(policyOf(text).tools.has('t')).toBe(true);
  });

  test('positions count from 1, also behind a byte order mark', () => {
    const [problem] = problemsOf('\uFEFF{ "version": "1", "default": "deny",\r\n  "hidden": [] }');
    expect(problem).toMatchObject({ line: 2, column: 3 });
    expect(problemsOf('\uFEFF{ "verzion": "1", "version": "1", "default": "deny" }')[0]).toMatchObject({
      line: 1,
      column: 4,
    });
  });

  test('a problem reads file, line, column, what, why, the likely word, and how to mend it', () => {
    const [problem] = problemsOf('{ "version": "1",\n  "default": "dney" }');
    expect(problem && formatProblem(problem, 'p.json')).toBe(
      'p.json:2:14 error VALUE: "default" is "dney", which is none of allow, deny. Did you mean "deny"? What happens to tools that match no entry under `tools`.',
    );
  });

  test.each([
    ['', 'SYNTAX'],
    ['   ', 'SYNTAX'],
    ['// nothing', 'SYNTAX'],
    ['{', 'SYNTAX'],
    ['{"version":"1","default":"deny"', 'SYNTAX'],
    ['{"version":"1","default":"deny"} x', 'SYNTAX'],
    ['{"version":"1","default":"deny"}{}', 'SYNTAX'],
    ["{'version':'1'}", 'SYNTAX'],
    ['{version:"1"}', 'SYNTAX'],
    ['{"version":"1" "default":"deny"}', 'SYNTAX'],
    ['{"version":"1","default":"deny","max":01}', 'SYNTAX'],
    ['{"version":"1","default":"de\nny"}', 'SYNTAX'],
    ['{"version":"1","default":"deny","description":"\\x"}', 'SYNTAX'],
    ['null', 'TYPE'],
    ['[]', 'TYPE'],
    ['"x"', 'TYPE'],
    ['5', 'TYPE'],
    ['version: "1"\ndefault: deny', 'SYNTAX'],
  ])('%j: %s', (text, code) => {
    const { policy, problems } = loadPolicy(text, 'x');
    expect(policy).toBeUndefined();
    expect(problems.map((problem) => problem.code)).toContain(code);
  });

  test.each([
    '{"version":"1","default":"allow","default":"deny"}',
    '{"version":"1","default":"deny","tools":{"t":{},"t":{"action":"deny"}}}',
    '{"version":"1","default":"deny","tools":{"t":{},"\\u0074":{"action":"deny"}}}',
    '{"version":"1","default":"deny","tools":{"t":{"require":[{"conditions":[{"path":"args.x","op":"eq","value":{"a":1,"a":2}}]}]}}}',
  ])('a name that stands twice is an error: %s', (text) => {
    expect(problemsOf(text).map((problem) => problem.code)).toEqual(['DUPLICATE_KEY']);
  });

  test.each([
    ['arrays', '['.repeat(100_000)],
    ['objects', '{"a":'.repeat(100_000)],
    ['closed ones', `${'['.repeat(5000)}${']'.repeat(5000)}`],
    ['closings first', `${']'.repeat(5000)}${'['.repeat(50_000)}`],
    [
      'in a value',
      JSON.stringify(condition({})).replace('"value":1', `"value":${'['.repeat(9000)}${']'.repeat(9000)}`),
    ],
    ['more than 4 MiB', `{"version":"1","default":"deny","description":"${'x'.repeat(4_200_000)}"}`],
  ])('what is too deep or too long is an error, not a crash: %s', (_, text) => {
    const { policy, problems } = loadPolicy(text, 'x');
    expect(policy).toBeUndefined();
    expect(problems.length).toBeGreaterThan(0);
  });

  test('the hash is that of the text', () => {
    const text = '{"version":"1","default":"deny"}';
    expect(policyOf(text).hash).toBe(createHash('sha256').update(text).digest('hex'));
    expect(policyOf(`${text} `).hash).not.toBe(policyOf(text).hash);
  });
});

describe('fields of the policy', () => {
  test('defaults', () => {
    expect(policyOf({})).toMatchObject({
      default: 'deny',
      extends: undefined,
      hide: [],
      list: 'all',
      pin: 'warn',
      annotate: false,
      auditArguments: undefined,
      approvals: { waitMs: 45_000, expiresMs: 600_000, channels: ['client', 'queue'], except: [] },
      allTools: { require: [], denyIf: [], approveIf: [], limits: [] },
    });
  });

  test('all of them', () => {
    const policy = policyOf({
      $schema: 'x',
      description: 'y',
      default: 'allow',
      extends: './base.json',
      hide: ['a', 'b*'],
      list: 'callable',
      pin: 'deny',
      annotate: true,
      audit: { arguments: 'full' },
      approvals: { wait: '10s', expires: 120, channels: ['queue'] },
      timezone: 'America/Argentina/Buenos_Aires',
    });
    expect(policy).toMatchObject({
      default: 'allow',
      extends: './base.json',
      list: 'callable',
      pin: 'deny',
      annotate: true,
      auditArguments: 'full',
      approvals: { waitMs: 10_000, expiresMs: 120_000, channels: ['queue'] },
    });
    expect(policy.hide.map((pattern) => pattern.text)).toEqual(['a', 'b*']);
  });

  test.each<[string, object | string, string[]]>([
    ['no version', '{"default":"deny"}', ['MISSING /version']],
    ['no default', '{"version":"1"}', ['MISSING /default']],
    ['another version', { version: '2' }, ['VALUE /version -> 1']],
    ['version as a number', { version: 1 }, ['TYPE /version']],
    ['another default', { default: 'block' }, ['VALUE /default -> deny']],
    ['an unknown field', { defualt: 'deny' }, ['UNKNOWN_KEY /defualt']],
    [
      'a misspelt field',
      '{"version":"1","defualt":"deny"}',
      ['MISSING /default', 'UNKNOWN_KEY /defualt -> default'],
    ],
    ['hides', { hides: ['x'] }, ['UNKNOWN_KEY /hides -> hide']],
    ['__proto__ as a field', '{"version":"1","default":"deny","__proto__":{}}', ['UNKNOWN_KEY /__proto__']],
    ['hide as text', { hide: 'x' }, ['TYPE /hide']],
    ['hide of a number', { hide: ['a', 5] }, ['TYPE /hide/1']],
    ['hide of nothing', { hide: [''] }, ['NAME /hide/0']],
    ['tools as a list', { tools: [] }, ['TYPE /tools']],
    ['a tool without a name', { tools: { '': {} } }, ['NAME /tools/']],
    ['a tool that is true', tool(true), ['TYPE /tools/t']],
    ['a tool that is null', tool(null), ['TYPE /tools/t']],
    [
      'a fault in a tool called __proto__',
      '{"version":"1","default":"deny","tools":{"__proto__":{"action":"no","limits":[{"counter":"c","window":"day","max":1,"on_deny":[]}]}}}',
      ['VALUE /tools/__proto__/action', 'TYPE /tools/__proto__/limits/0/on_deny'],
    ],
    ['rules of another format', tool({ rules: [] }), ['UNKNOWN_KEY /tools/t/rules']],
    [
      'all_tools with a rate',
      { all_tools: { rate_limit: '1/minute' } },
      ['UNKNOWN_KEY /all_tools/rate_limit -> limits'],
    ],
    ['list', { list: 'none' }, ['VALUE /list']],
    ['pin', { pin: true }, ['TYPE /pin']],
    ['annotate', { annotate: 'yes' }, ['TYPE /annotate']],
    ['audit', { audit: { arguments: 'all' } }, ['VALUE /audit/arguments']],
    ['audit with more', { audit: { args: 'full' } }, ['UNKNOWN_KEY /audit/args']],
    ['timezone', { timezone: 'Mars/Olympus' }, ['TIMEZONE /timezone']],
    ['a timezone by its city', { timezone: 'Berlin' }, ['TIMEZONE /timezone -> Europe/Berlin']],
    ['a timezone by its offset', { timezone: '+03:00' }, ['TIMEZONE /timezone']],
    ['approvals for ever', { approvals: { wait: 'forever' } }, ['WINDOW /approvals/wait']],
    [
      'approvals too long',
      { approvals: { wait: '2h', expires: '31d' } },
      ['WINDOW /approvals/wait', 'WINDOW /approvals/expires'],
    ],
    [
      'approvals that expire while they wait',
      { approvals: { wait: '20m' } },
      ['CONTRADICTION /approvals/wait'],
    ],
    [
      'approvals except what is no argument',
      { approvals: { except: ['args', 'env.X', 'args.a'] } },
      ['PATH /approvals/except/0', 'PATH /approvals/except/1'],
    ],
    [
      'approvals that nobody could give in time',
      { approvals: { wait: '61m', expires: '999ms' } },
      ['WINDOW /approvals/wait', 'WINDOW /approvals/expires'],
    ],
    ['new tools that nothing hides', { new_tools: 'hide' }, ['CONTRADICTION /new_tools']],
    ['new tools without pins', { new_tools: 'hide', pin: 'off' }, ['CONTRADICTION /new_tools']],
    ['approvals by nobody', { approvals: { channels: [] } }, ['VALUE /approvals/channels']],
    ['approvals by mail', { approvals: { channels: ['mail'] } }, ['VALUE /approvals/channels/0']],
    ['extends of a list', { extends: [] }, ['TYPE /extends']],
  ])('%s', (_, body, expected) => {
    expect(problemsOf(body).map(brief)).toEqual(expected);
  });

  test.each<[object, number, number]>([
    [{ expires: '30s', channels: ['queue'] }, 30_000, 30_000],
    [{ expires: '30s' }, 30_000, 30_000],
    [{ expires: '1h' }, 45_000, 3_600_000],
    [{ wait: '20s', expires: '30s' }, 20_000, 30_000],
    [{ wait: '30s', expires: '30s' }, 30_000, 30_000],
    [{ wait: 0, expires: '1s' }, 0, 1000],
    [{ wait: '1h', expires: '30d' }, 3_600_000, 2_592_000_000],
    [{ wait: 'minute', expires: 'hour' }, 60_000, 3_600_000],
  ])('nobody is blamed for a wait that they did not write: %j', (approvals, waitMs, expiresMs) => {
    expect(policyOf({ approvals }).approvals).toMatchObject({ waitMs, expiresMs });
  });

  test.each([
    [{}, 'show'],
    [{ pin: 'hold' }, 'hide'],
    [{ pin: 'hold', new_tools: 'show' }, 'show'],
    [{ pin: 'deny' }, 'show'],
    [{ pin: 'deny', new_tools: 'hide' }, 'hide'],
    [{ pin: 'off', new_tools: 'show' }, 'show'],
  ])('whether new tools are shown under %j: %s', (body, expected) => {
    expect(policyOf(body).newTools).toBe(expected);
  });

  test('a name that is hidden twice is a warning, and the policy is good', () => {
    const loaded = loadPolicy('{"version":"1","default":"deny","hide":["a","b","a"]}', 'x');
    expect(loaded.policy).toBeDefined();
    expect(loaded.problems).toMatchObject([{ code: 'UNUSED', severity: 'warning', pointer: '/hide/2' }]);
  });
});

describe('predicates and conditions', () => {
  test.each([
    'eq',
    'neq',
    'lt',
    'lte',
    'gt',
    'gte',
    'in',
    'not_in',
    'exists',
    'regex',
    'contains',
    'starts_with',
  ])('%s is known', (op) => {
    const value = { in: [1], not_in: [1], exists: true, regex: 'a', starts_with: 'a' }[op as 'in'] ?? 1;
    expect(problemsOf(condition({ op, value }))).toEqual([]);
  });

  test('exists may go without a value', () => {
    const policy = policyOf(tool({ require: [{ conditions: [{ path: 'args.x', op: 'exists' }] }] }));
    expect(policy.tools.get('t')?.require[0]?.conditions[0]?.value).toBe(true);
  });

  test.each<[string, object, string[]]>([
    ['an unknown operator', condition({ op: 'greater' }), ['VALUE /tools/t/require/0/conditions/0/op']],
    [
      'an operator of a language',
      condition({ op: '>=' }),
      ['VALUE /tools/t/require/0/conditions/0/op -> gte'],
    ],
    [
      'in without a list',
      condition({ op: 'in', value: 'a' }),
      ['VALUE /tools/t/require/0/conditions/0/value'],
    ],
    [
      'not_in without a list',
      condition({ op: 'not_in', value: {} }),
      ['VALUE /tools/t/require/0/conditions/0/value'],
    ],
    ['lt of text', condition({ op: 'lt', value: '5' }), ['VALUE /tools/t/require/0/conditions/0/value']],
    ['gte of a list', condition({ op: 'gte', value: [5] }), ['VALUE /tools/t/require/0/conditions/0/value']],
    [
      'exists of text',
      condition({ op: 'exists', value: 'true' }),
      ['VALUE /tools/t/require/0/conditions/0/value'],
    ],
    [
      'starts_with of a number',
      condition({ op: 'starts_with', value: 5 }),
      ['VALUE /tools/t/require/0/conditions/0/value'],
    ],
    [
      'regex of a number',
      condition({ op: 'regex', value: 5 }),
      ['VALUE /tools/t/require/0/conditions/0/value'],
    ],
    ['a bad regex', condition({ op: 'regex', value: '(a' }), ['REGEX /tools/t/require/0/conditions/0/value']],
    [
      'a regex with look-ahead',
      condition({ op: 'regex', value: '(?=a)b' }),
      ['REGEX /tools/t/require/0/conditions/0/value'],
    ],
    [
      'a regex with a back-reference',
      condition({ op: 'regex', value: '(a)\\1' }),
      ['REGEX /tools/t/require/0/conditions/0/value'],
    ],
    [
      'a regex beyond all size',
      condition({ op: 'regex', value: 'a'.repeat(2001) }),
      ['REGEX /tools/t/require/0/conditions/0/value'],
    ],
    [
      'a regex that unfolds',
      condition({ op: 'regex', value: '((a{100}){100}){100}' }),
      ['REGEX /tools/t/require/0/conditions/0/value'],
    ],
    [
      'no value',
      tool({ deny_if: [{ conditions: [{ path: 'args.x', op: 'eq' }] }] }),
      ['MISSING /tools/t/deny_if/0/conditions/0/value'],
    ],
    [
      'no op',
      tool({ deny_if: [{ conditions: [{ path: 'args.x', value: 1 }] }] }),
      ['MISSING /tools/t/deny_if/0/conditions/0/op'],
    ],
    [
      'no path',
      tool({ deny_if: [{ conditions: [{ op: 'eq', value: 1 }] }] }),
      ['MISSING /tools/t/deny_if/0/conditions/0/path'],
    ],
    ['no conditions', tool({ deny_if: [{}] }), ['MISSING /tools/t/deny_if/0/conditions']],
    [
      'conditions as an object',
      tool({ deny_if: [{ conditions: {} }] }),
      ['TYPE /tools/t/deny_if/0/conditions'],
    ],
    ['one predicate without its list', tool({ deny_if: { conditions: [] } }), ['TYPE /tools/t/deny_if']],
    [
      'reason for on_deny',
      tool({ deny_if: [{ conditions: [], reason: 'x' }] }),
      ['UNKNOWN_KEY /tools/t/deny_if/0/reason -> on_deny'],
    ],
    ['a field more', condition({ case: false }), ['UNKNOWN_KEY /tools/t/require/0/conditions/0/case']],
  ])('%s', (_, body, expected) => {
    expect(problemsOf(body).map(brief)).toEqual(expected);
  });

  test.each<[string, string | undefined]>([
    ['amount', 'args.amount'],
    ['arguments.amount', 'args.amount'],
    ['$.args.amount', 'args.amount'],
    ['params.arguments.amount', 'args.amount'],
    ['arg.amount', 'args.amount'],
    ['args.items[0].price', 'args.items[*].price'],
    ['args.items.*.price', 'args.items[*].price'],
    ['tool.description', 'tool.name'],
    ['tool', 'tool.name'],
    ['', undefined],
    ['args.', undefined],
    ['amount[0]', 'args.amount[0]'],
    ['tool.name.x', 'tool.name'],
    ['env.A[*]', undefined],
    ['args["\\x"]', undefined],
    [`args.${'x'.repeat(996)}`, undefined],
    ['args..x', undefined],
    ['args[', undefined],
    ['args["x]', undefined],
    ['args.x]', undefined],
    ['argsx', 'args.argsx'],
    ['env', undefined],
    ['env.A.B', undefined],
    ['env[*]', undefined],
    ['Args.x', undefined],
    ['state.t.calls', 'args.state.t.calls'],
    [`args.${'x'.repeat(1000)}`, undefined],
  ])('%j is no path; %s', (path, likely) => {
    const [problem, ...others] = problemsOf(condition({ path }));
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ code: 'PATH', pointer: '/tools/t/require/0/conditions/0/path' });
    if (path !== 'Args.x') expect(problem?.likely).toBe(likely);
  });
});

describe('limits', () => {
  test('defaults and exact numbers', () => {
    const text = JSON.stringify(limits({})).replace('"max":1', '"max":9007199254740993.1');
    const [limit] = policyOf(`{"version":"1","default":"deny",${text.slice(1)}`).tools.get('t')?.limits ?? [];
    expect(limit).toMatchObject({
      counter: 'c',
      windowMs: 60_000,
      windowText: 'minute',
      align: { kind: 'sliding' },
      scope: 'grant',
      amount: { kind: 'fixed' },
      per: [],
      refund: 'never',
      onExceed: 'deny',
      onDeny: undefined,
      pointer: '/tools/t/limits/c',
    });
    expect(String(limit?.max)).toBe('9007199254740993.1');
  });

  test('all fields', () => {
    const [limit] =
      policyOf({
        timezone: 'Europe/Berlin',
        ...limits({
          window: 'month',
          align: 'calendar',
          max: 0.5,
          scope: 'machine',
          amount: { sum: 'args.a[*].b' },
          per: ['args.x', 'env.Y'],
          refund: 'on_error',
          on_exceed: 'approve',
          warn_at: 0.8,
          on_deny: 'Enough.',
        }),
      }).tools.get('t')?.limits ?? [];
    expect(limit).toMatchObject({
      windowMs: 31 * 86_400_000,
      windowText: 'month',
      align: { kind: 'calendar', unit: 'month', timezone: 'Europe/Berlin' },
      scope: 'machine',
      amount: { kind: 'sum', path: { text: 'args.a[*].b' } },
      per: [{ text: 'args.x' }, { text: 'env.Y' }],
      refund: 'on_error',
      onExceed: 'approve',
      onDeny: 'Enough.',
    });
    expect(String(limit?.warnAt)).toBe('0.4');
  });

  test.each<[string, object, string[]]>([
    ['no counter', tool({ limits: [{ window: 'minute', max: 1 }] }), ['MISSING /tools/t/limits/0/counter']],
    ['an empty counter', limits({ counter: '' }), ['NAME /tools/t/limits/0/counter']],
    ['no window', tool({ limits: [{ counter: 'c', max: 1 }] }), ['MISSING /tools/t/limits/0/window']],
    ['no max', tool({ limits: [{ counter: 'c', window: 'minute' }] }), ['MISSING /tools/t/limits/0/max']],
    ['max as text', limits({ max: '30' }), ['TYPE /tools/t/limits/0/max']],
    ['except without per', limits({ except: ['args.a'] }), ['PATH /tools/t/limits/0/except/0']],
    [
      'except of what is not split by',
      limits({ per: ['args.b', 'env.X'], except: ['args.a', 'args.b', 'args.b.c'] }),
      ['PATH /tools/t/limits/0/except/0', 'PATH /tools/t/limits/0/except/1'],
    ],
    ['except of all', limits({ per: 'args', except: ['args'] }), ['PATH /tools/t/limits/0/except/0']],
    ['a negative max', limits({ max: -1 }), ['VALUE /tools/t/limits/0/max']],
    ['a plural', limits({ window: 'minutes' }), ['WINDOW /tools/t/limits/0/window -> minute']],
    ['an adverb', limits({ window: 'daily' }), ['WINDOW /tools/t/limits/0/window -> day']],
    ['words', limits({ window: '10 minutes' }), ['WINDOW /tools/t/limits/0/window -> 10m']],
    ['a year', limits({ window: 'year' }), ['WINDOW /tools/t/limits/0/window']],
    ['no length', limits({ window: 0 }), ['WINDOW /tools/t/limits/0/window']],
    ['401 days', limits({ window: '401d' }), ['WINDOW /tools/t/limits/0/window']],
    ['window as a list', limits({ window: [] }), ['TYPE /tools/t/limits/0/window']],
    [
      'a length aligned to the calendar',
      limits({ window: '15m', align: 'calendar' }),
      ['WINDOW /tools/t/limits/0/align'],
    ],
    ['scope', limits({ scope: 'user' }), ['VALUE /tools/t/limits/0/scope -> grant']],
    ['align', limits({ align: 'rolling' }), ['VALUE /tools/t/limits/0/align -> sliding']],
    ['refund', limits({ refund: 'always' }), ['VALUE /tools/t/limits/0/refund']],
    ['on_exceed', limits({ on_exceed: 'ask' }), ['VALUE /tools/t/limits/0/on_exceed -> approve']],
    ['a warning before anything', limits({ warn_at: 0 }), ['VALUE /tools/t/limits/0/warn_at']],
    ['a warning at the end', limits({ warn_at: 1 }), []],
    ['a warning in percent', limits({ warn_at: 80 }), ['VALUE /tools/t/limits/0/warn_at']],
    ['a negative warning', limits({ warn_at: -0.5 }), ['VALUE /tools/t/limits/0/warn_at']],
    ['a warning as text', limits({ warn_at: '80%' }), ['TYPE /tools/t/limits/0/warn_at']],
    ['a negative amount', limits({ amount: -1 }), ['VALUE /tools/t/limits/0/amount']],
    ['an amount from the environment', limits({ amount: 'env.X' }), ['PATH /tools/t/limits/0/amount']],
    ['an amount of all arguments', limits({ amount: 'args' }), ['PATH /tools/t/limits/0/amount']],
    ['an amount of many values', limits({ amount: 'args.a[*].b' }), ['PATH /tools/t/limits/0/amount']],
    ['an amount without args', limits({ amount: 'total' }), ['PATH /tools/t/limits/0/amount -> args.total']],
    [
      'a sum without args',
      limits({ amount: { sum: 'i[*].t' } }),
      ['PATH /tools/t/limits/0/amount/sum -> args.i[*].t'],
    ],
    ['a count of a number', limits({ amount: { count: 5 } }), ['TYPE /tools/t/limits/0/amount/count']],
    [
      'an unknown amount',
      limits({ amount: { avg: 'args.x' } }),
      ['MISSING /tools/t/limits/0/amount/sum', 'UNKNOWN_KEY /tools/t/limits/0/amount/avg'],
    ],
    ['amount as true', limits({ amount: true }), ['TYPE /tools/t/limits/0/amount']],
    ['per without args', limits({ per: ['args.a', 'b'] }), ['PATH /tools/t/limits/0/per/1 -> args.b']],
    ['per of numbers', limits({ per: [1] }), ['TYPE /tools/t/limits/0/per/0']],
    ['an unknown field', limits({ onDeny: 'x' }), ['UNKNOWN_KEY /tools/t/limits/0/onDeny -> on_deny']],
    ['one counter twice in an entry', limits({}, { max: 5 }), ['COUNTER_TWICE /tools/t/limits/1']],
    [
      'the shorthand and its counter',
      tool({ rate_limit: '1/minute', limits: [{ counter: 't_rate', window: 'minute', max: 1 }] }),
      ['COUNTER_TWICE /tools/t/rate_limit'],
    ],
  ])('%s', (_, body, expected) => {
    expect(problemsOf(body).map(brief)).toEqual(expected);
  });

  const shared = (a: object, b: object) => ({
    tools: {
      a: { limits: [{ counter: 'c', window: 'day', max: 1, ...a }] },
      b: { limits: [{ counter: 'c', window: 'day', max: 1, ...b }] },
    },
  });

  test.each<[string, object, object]>([
    ['the same', {}, {}],
    [
      'another max, amount, refund and text',
      { max: 5, amount: 'args.x' },
      { refund: 'on_error', on_deny: 'x', on_exceed: 'approve' },
    ],
    ['another spelling of the window', { window: 'hour' }, { window: 3600 }],
    ['defaults written out', { scope: 'grant', align: 'sliding' }, { per: [] }],
  ])('a counter may be shared: %s', (_, a, b) => {
    expect(problemsOf(shared(a, b))).toEqual([]);
  });

  test.each<[string, object, object]>([
    ['window', {}, { window: 'hour' }],
    ['window', { window: 'month', align: 'calendar' }, { window: 'week', align: 'calendar' }],
    ['align', {}, { align: 'calendar' }],
    ['scope', {}, { scope: 'session' }],
    ['per', {}, { per: 'args.x' }],
    ['per', { per: ['args.x', 'args.y'] }, { per: ['args.y', 'args.x'] }],
    ['except', { per: 'args' }, { per: 'args', except: ['args.key'] }],
  ])('a counter cannot have another %s', (field, a, b) => {
    const problems = problemsOf(shared(a, b));
    expect(problems.map(brief)).toEqual(['COUNTER_DIFFERS /tools/b/limits/0']);
    expect(problems[0]?.message).toContain(`another "${field}"`);
  });

  test('a counter of all tools and of a tool would be charged twice', () => {
    const list = [{ counter: 'c', window: 'day', max: 1 }];
    expect(problemsOf({ all_tools: { limits: list }, tools: { t: { limits: list } } }).map(brief)).toEqual([
      'COUNTER_TWICE /tools/t/limits/0',
    ]);
  });
});

test('a rate is a limit without a counter', () => {
  expect(['10/minute', '10/60', { max: 5, window: 60, x: 1 }].map(rateAsLimit)).toEqual([
    { max: 10, window: 'minute' },
    { max: 10, window: 60 },
    { max: 5, window: 60, x: 1 },
  ]);
  for (const none of ['10', '/minute', '10/', `${'1'.repeat(16)}/day`, null, undefined, 5, ['10/minute']])
    expect(rateAsLimit(none)).toBeUndefined();
});

describe('shorthands', () => {
  const decide = (entry: object) => outcomeOf(evaluate(policyOf(tool(entry)), callOf('t')));

  test.each([
    ['allow', 'open'],
    ['deny', 'ACTION_DENY'],
    ['approve', 'ask'],
    ['hide', 'hidden'],
  ])('action %s: %s', (action, expected) => {
    expect(decide({ action })).toBe(expected);
  });

  test('action deny with a reason, as the catalogue has it', () => {
    expect(
      evaluate(policyOf(tool({ action: 'deny', reason: 'Requires human approval.' })), callOf('t')),
    ).toEqual({
      kind: 'refused',
      refusal: {
        code: 'ACTION_DENY',
        rule: '/tools/t/action',
        authorText: 'Requires human approval.',
        explanation: 'the policy refuses every call',
      },
    });
  });

  test('reason speaks for every rule without a text of its own', () => {
    const policy = policyOf(
      tool({
        reason: 'R',
        deny_if: [
          { conditions: [{ path: 'args.a', op: 'exists' }] },
          { conditions: [{ path: 'args.b', op: 'exists' }], on_deny: 'B' },
        ],
        rate_limit: { max: 1, window: 60 },
      }),
    );
    const entry = policy.tools.get('t');
    expect([...(entry?.denyIf ?? []), ...(entry?.limits ?? [])].map((rule) => rule.onDeny)).toEqual([
      'R',
      'B',
      'R',
    ]);
  });

  test.each<[unknown, number, string, string]>([
    [{ max: 10, window: 60 }, 60_000, 'minute', '10'],
    [{ max: 10, window: 'minute' }, 60_000, 'minute', '10'],
    [{ max: 5, window: '15m' }, 900_000, '15 minutes', '5'],
    ['5/hour', 3_600_000, 'hour', '5'],
    ['10/day', 86_400_000, 'day', '10'],
    ['100/minute', 60_000, 'minute', '100'],
    ['1/hour', 3_600_000, 'hour', '1'],
    ['5/week', 604_800_000, 'week', '5'],
    ['5/60', 60_000, 'minute', '5'],
    ['5/15m', 900_000, '15 minutes', '5'],
    ['0/hour', 3_600_000, 'hour', '0'],
  ])('rate_limit %j', (rate, windowMs, windowText, max) => {
    const [limit, ...others] = policyOf(tool({ rate_limit: rate })).tools.get('t')?.limits ?? [];
    expect(others).toEqual([]);
    expect(limit).toMatchObject({
      counter: 't_rate',
      scope: 'grant',
      windowMs,
      windowText,
      pointer: '/tools/t/rate_limit',
      align: { kind: 'sliding' },
    });
    expect(String(limit?.max)).toBe(max);
  });

  test.each<[unknown, string[]]>([
    ['five/hour', ['VALUE /tools/t/rate_limit']],
    ['-1/hour', ['VALUE /tools/t/rate_limit']],
    ['1.5/hour', ['VALUE /tools/t/rate_limit']],
    ['5', ['VALUE /tools/t/rate_limit']],
    ['', ['VALUE /tools/t/rate_limit']],
    ['5/', ['VALUE /tools/t/rate_limit']],
    ['5/fortnight', ['WINDOW /tools/t/rate_limit']],
    ['5 / hour', ['VALUE /tools/t/rate_limit']],
    ['5/hours', ['WINDOW /tools/t/rate_limit -> hour']],
    [5, ['TYPE /tools/t/rate_limit']],
    [{ max: 5 }, ['MISSING /tools/t/rate_limit/window']],
    [{ window: 60 }, ['MISSING /tools/t/rate_limit/max']],
    [{ max: -5, window: 60 }, ['VALUE /tools/t/rate_limit/max']],
    [{ max: '5', window: 60 }, ['TYPE /tools/t/rate_limit/max']],
    [{ max: 5, window: '60' }, ['WINDOW /tools/t/rate_limit/window']],
    [{ max: 5, window: 60, scope: 'session' }, ['UNKNOWN_KEY /tools/t/rate_limit/scope']],
  ])('rate_limit %j is refused', (rate, expected) => {
    expect(problemsOf(tool({ rate_limit: rate })).map(brief)).toEqual(expected);
  });

  const rule = [{ conditions: [] }];
  const list = [{ counter: 'c', window: 'day', max: 1 }];

  test.each<[string, object, string[]]>([
    ['deny', { limits: list }, ['limits']],
    ['deny', { rate_limit: '1/hour' }, ['rate_limit']],
    ['deny', { deny_if: rule }, ['deny_if']],
    ['deny', { require: rule, approve_if: rule }, ['require', 'approve_if']],
    ['hide', { limits: list, reason: 'x' }, ['limits', 'reason']],
    ['approve', { approve_if: rule }, ['approve_if']],
  ])('action %s beside %j says two things', (action, fields, expected) => {
    const problems = problemsOf(tool({ action, ...fields }));
    expect(problems.map(brief).sort()).toEqual(
      expected.map((field) => `CONTRADICTION /tools/t/${field}`).sort(),
    );
  });

  test.each<[string, object]>([
    ['deny', { limits: [], deny_if: [], reason: 'x' }],
    ['allow', { deny_if: rule, limits: list, rate_limit: '1/hour' }],
    ['approve', { deny_if: rule, limits: list, require: rule, reason: 'x' }],
    ['hide', { limits: [] }],
  ])('action %s beside %j is plain', (action, fields) => {
    expect(problemsOf(tool({ action, ...fields }))).toEqual([]);
  });

  test.each<[object, string]>([
    [{ action: 'block' }, 'deny'],
    [{ action: 'require_approval' }, 'approve'],
    [{ action: 'alow' }, 'allow'],
    [{ action: 'Deny' }, 'deny'],
  ])('%j was probably meant otherwise', (entry, likely) => {
    expect(problemsOf(tool(entry)).map(brief)).toEqual([`VALUE /tools/t/action -> ${likely}`]);
  });

  test.each([{ reason: 'x' }, { action: 'allow', reason: 'x' }])(
    'a reason that nothing tells is a warning: %j',
    (entry) => {
      const loaded = loadPolicy(JSON.stringify({ version: '1', default: 'deny', ...tool(entry) }), 'x');
      expect(loaded.policy).toBeDefined();
      expect(loaded.problems).toMatchObject([{ code: 'UNUSED', severity: 'warning' }]);
    },
  );
});

describe('all problems at once', () => {
  test('of shape and of meaning, in the order of the file', () => {
    const body = {
      timezone: 'Nowhere',
      all_tools: { limits: [{ counter: 'c', window: 'ever', max: 1 }], deny: [] },
      tools: {
        a: {
          require: [
            {
              conditions: [
                { path: 'x', op: 'eq', value: 1 },
                { path: 'args.x', op: 'is', value: 1 },
              ],
            },
          ],
          zz: 1,
        },
        b: {
          limits: [
            { counter: 'c', window: 'day' },
            { counter: 'd', window: 'day', max: 1, align: 'calender' },
          ],
          action: 'kill',
        },
      },
      list: 5,
    };
    const problems = problemsOf(JSON.stringify({ version: '1', default: 'deny', ...body }, undefined, 1));
    expect(problems.map(brief)).toEqual([
      'TIMEZONE /timezone',
      'WINDOW /all_tools/limits/0/window',
      'UNKNOWN_KEY /all_tools/deny -> deny_if',
      'PATH /tools/a/require/0/conditions/0/path -> args.x',
      'VALUE /tools/a/require/0/conditions/1/op -> eq',
      'UNKNOWN_KEY /tools/a/zz',
      'MISSING /tools/b/limits/0/max',
      'VALUE /tools/b/limits/1/align -> calendar',
      'VALUE /tools/b/action',
      'TYPE /list',
    ]);
    const places = problems.map(({ line, column }) => line * 1000 + column);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test('G3: with a single error there is no policy', () => {
    const { policy } = loadPolicy(
      '{"version":"1","default":"allow","tools":{"t":{"action":"deny"},"u":{"zz":1}}}',
      'x',
    );
    expect(policy).toBeUndefined();
  });
});

describe('any text', () => {
  const WORDS = [
    'version',
    'default',
    'hide',
    'all_tools',
    'tools',
    'limits',
    'require',
    'deny_if',
    'approve_if',
    'conditions',
    'path',
    'op',
    'value',
    'counter',
    'window',
    'max',
    'amount',
    'per',
    'align',
    'action',
    'reason',
    'rate_limit',
    'timezone',
    'approvals',
    'wait',
    '__proto__',
    'constructor',
    't',
  ];
  const VALUES = [
    '1',
    'deny',
    'allow',
    'args.x',
    'args.x[*].y',
    'args[',
    'regex',
    '(a+)+$',
    'minute',
    'calendar',
    '10/minute',
    'UTC',
    '',
    '*',
    'args',
    '\u0000',
    '\ud800',
  ];
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 6, depthSize: 'medium' },
      fc.constantFrom(...VALUES),
      fc.constantFrom<unknown>(0, -1, 1e308, 1e-7, 1.5, true, null),
      fc.array(tie('node'), { maxLength: 4 }),
      fc.array(fc.tuple(fc.constantFrom(...WORDS), tie('node')), { maxLength: 5 }).map(Object.fromEntries),
    ),
  })).node;

  const settles = (text: string): void => {
    const loaded = loadPolicy(text, 'x');
    if (loaded.policy) evaluate(loaded.policy, callOf('t', { x: [{ y: 1 }] }));
    else expect(loaded.problems.length).toBeGreaterThan(0);
    for (const problem of loaded.problems) {
      expect(problem.line).toBeGreaterThan(0);
      expect(problem.column).toBeGreaterThan(0);
      expect(formatProblem(problem, 'x')).toContain(problem.message);
    }
  };

  test('near a policy neither crashes nor passes unreported', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...WORDS), value),
        fc.dictionary(fc.constantFrom(...WORDS), value),
        (body, entry) => {
          settles(JSON.stringify({ version: '1', default: 'deny', ...body }));
          settles(JSON.stringify({ version: '1', default: 'deny', tools: { t: entry } }));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('whatever it is, or cut off anywhere, or with any character changed', () => {
    const good = read('afip.json');
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.nat(good.length),
        fc.string({ maxLength: 3 }),
        (any, at, insert) => {
          settles(any);
          settles(good.slice(0, at));
          settles(good.slice(0, at) + insert + good.slice(at + 1));
        },
      ),
    );
  });

  const policyText = (body: object) => JSON.stringify({ version: '1', default: 'deny', ...body });
  const named = <T>(size: number, member: (i: number) => T) =>
    Object.fromEntries(Array.from({ length: size }, (_, i) => [`t${i}`, member(i)]));
  test.each<[string, number, (size: number) => string]>([
    ['problems', 250, (size) => policyText(named(size, () => 1))],
    [
      'tools',
      400,
      (size) =>
        policyText({
          tools: named(size, (i) => ({ limits: [{ counter: `c${i}`, window: 'minute', max: 1 }] })),
        }),
    ],
    ['patterns', 125, (size) => policyText({ hide: Array(size).fill('*a*b*c*d*') })],
    ['one word', 60_000, (size) => policyText({ default: 'x'.repeat(size), ['y'.repeat(size)]: 1 })],
    ['comments', 6000, (size) => `${'/* */'.repeat(size)}{}`],
    ['path', 4000, (size) => policyText(condition({ path: `args${'[*]'.repeat(size)}` }))],
    [
      'regexes',
      2,
      (size) => {
        const entry = condition({ op: 'regex', value: '(\\pL{500}){2}'.padEnd(1990, '|a?') }).tools.t;
        return policyText({ tools: named(size, () => entry) });
      },
    ],
  ])('costs no more than its length: %s', (_, small, textOf) => {
    const texts = new Map([small, small * 16].map((size) => [size, textOf(size)]));
    expect(growth((size) => settles(texts.get(size) as string), small, 16)).toBeLessThan(100);
  });
});

describe('the order of keys', () => {
  /** Every object with its keys turned round. */
  const turned = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turned);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, item]) => [key, turned(item)]),
    );
  };

  test('changes nothing', () => {
    const name = fc.stringMatching(/^[abA*_]{1,4}$/);
    const entry = fc.constantFrom<object>(
      {},
      { action: 'deny' },
      { action: 'hide' },
      { action: 'approve' },
      { require: [{ conditions: [{ path: 'args.x', op: 'gt', value: 1 }] }] },
      { limits: [{ counter: 'x', window: 'day', max: 3, amount: 'args.x' }] },
    );
    const body = fc.record({
      default: fc.constantFrom('allow', 'deny'),
      hide: fc.array(name, { maxLength: 2 }),
      tools: fc.dictionary(name, entry),
    });
    fc.assert(
      fc.property(body, name, fc.constantFrom<unknown>(1, 2, '2'), (given, called, x) => {
        const decide = (policy: object) => {
          const evaluation = evaluate(policyOf(policy), callOf(called, { x }));
          if (evaluation.kind !== 'open') return JSON.stringify(evaluation);
          return JSON.stringify([
            evaluation.charges.map((charge) => [charge.limit.pointer, charge.amount]),
            evaluation.ask,
          ]);
        };
        expect(decide(turned(given) as object)).toBe(decide(given));
      }),
      { numRuns: 500 },
    );
  });
});

test.each([
  'version: "1"\ndefault: deny\ntools:\n  pay:\n    rules: []\n',
  '\uFEFF# Payments\r\n\r\n---\r\ntools: {}\r\n',
  'hide: [drop]',
])("the predecessor's YAML is told, with the command that turns it into a policy", (yaml) => {
  const { policy, problems } = loadPolicy(yaml, '/home/ana/intercept.yaml');
  expect(policy).toBeUndefined();
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({ code: 'SYNTAX', line: 1 });
  expect(problems[0]?.hint).toContain('policy-wrap import /home/ana/intercept.yaml');
});

test('other text that is no JSON is told by where it is none', () => {
  for (const text of ['pay: 1', '{ version: "1" }', '// default:\n{ "version": 1, }, default: deny']) {
    const { problems } = loadPolicy(text, 'x');
    expect(problems.map(({ hint }) => hint).join()).not.toContain('import');
  }
});

describe('rules over several tools', () => {
  const rule = (kind: 'after' | 'before', body: object) => tool({ [kind]: [body] });
  const demandOf = (body: object) => policyOf(body).tools.get('t')?.demands?.[0];

  test('have a default scope each that is the safe one, and say their span in words', () => {
    expect(demandOf(rule('after', { tools: ['a'], within: '1h' }))).toMatchObject({
      kind: 'after',
      withinMs: 3_600_000,
      withinText: 'one hour',
      scope: 'machine',
      otherwise: 'deny',
      pointer: '/tools/t/after/0',
    });
    expect(demandOf(rule('before', { tools: ['a'] }))).toMatchObject({
      kind: 'before',
      withinMs: 31 * 86_400_000,
      withinText: '31 days',
      scope: 'grant',
      pointer: '/tools/t/before/0',
    });
  });

  test.each<[string, object, string[]]>([
    ['no tools', rule('after', { within: '1h' }), ['MISSING /tools/t/after/0/tools']],
    ['an empty list', rule('after', { tools: [], within: '1h' }), ['VALUE /tools/t/after/0/tools']],
    ['no within', rule('after', { tools: ['a'] }), ['MISSING /tools/t/after/0/within']],
    ['no length', rule('before', { tools: ['a'], within: 0 }), ['WINDOW /tools/t/before/0/within']],
    ['32 days', rule('after', { tools: ['a'], within: '32d' }), ['WINDOW /tools/t/after/0/within']],
    ['31 days', rule('after', { tools: ['a'], within: '31d' }), []],
    ['a month', rule('after', { tools: ['a'], within: 'month' }), []],
    [
      'an adverb',
      rule('after', { tools: ['a'], within: 'daily' }),
      ['WINDOW /tools/t/after/0/within -> day'],
    ],
    ['an empty name', rule('after', { tools: ['a', ''], within: '1h' }), ['NAME /tools/t/after/0/tools/1']],
    ['a server alone', rule('after', { tools: ['web/'], within: '1h' }), ['NAME /tools/t/after/0/tools/0']],
    ['no server', rule('after', { tools: ['/a'], within: '1h' }), ['NAME /tools/t/after/0/tools/0']],
    [
      'a scope',
      rule('before', { tools: ['a'], scope: 'global' }),
      ['VALUE /tools/t/before/0/scope -> machine'],
    ],
    [
      'another then',
      // biome-ignore lint/suspicious/noThenProperty: a field of the policy's
      rule('after', { tools: ['a'], within: 1, then: 'ask' }),
      ['VALUE /tools/t/after/0/then -> approve'],
    ],
    ['an object', tool({ after: { tools: ['a'], within: 1 } }), ['TYPE /tools/t/after']],
    ['beside deny', tool({ action: 'deny', before: [{ tools: ['a'] }] }), ['CONTRADICTION /tools/t/before']],
  ])('%s', (_, body, expected) => {
    expect(problemsOf(body).map(brief)).toEqual(expected);
  });
});

describe('the tools that a rule over several names', () => {
  const named = (kind: 'after' | 'before', text: string) => {
    const rule = { [kind]: [{ tools: [text], within: '1h' }] };
    const [demand] = policyOf(tool(rule)).tools.get('t')?.demands ?? [];
    if (!demand || demand.kind === 'hours') throw new Error('no demand');
    return (server: string, name: string) => demand.tools[0]?.matches(server, name);
  };

  test.each<[text: string, server: string, name: string, after: boolean, before: boolean]>([
    ['fetch', 'web', 'fetch', true, true],
    ['fetch', 'web', 'send', false, false],
    // A lookalike counts where it refuses, and not where it lets pass.
    ['fetch', 'web', 'Fetch', true, false],
    ['fetch_*', 'web', 'fetch_page', true, true],
    ['fetch_*', 'web', 'FETCH_page', true, false],
    ['web/fetch', 'web', 'fetch', true, true],
    ['web/fetch', 'other', 'fetch', false, false],
    ['web/fetch', 'web', 'send', false, false],
    ['web/fetch', 'WEB', 'fetch', true, false],
    ['w*/fetch', 'web', 'fetch', true, true],
    // A tool may have a slash in its own name.
    ['web/fetch', 'other', 'web/fetch', true, false],
    ['resource:file:///a/*', 'web', 'resource:file:///a/b', true, true],
    ['resource:file:///a/*', 'resource:file:', '/a/b', false, false],
    ['prompt:a/b', 'web', 'prompt:a/b', true, true],
    ['prompt:a/b', 'prompt:a', 'b', false, false],
  ])('%s, and %s calls %s: %s, %s', (text, server, name, after, before) => {
    expect(named('after', text)(server, name)).toBe(after);
    expect(named('before', text)(server, name)).toBe(before);
  });
});

describe('requests of the server', () => {
  const requests = (body: unknown) => ({ server_requests: body });

  test('are judged by their methods, and by nothing that the policy says of tools', () => {
    const all = { hide: ['*'], all_tools: { deny_if: [{ conditions: [] }] }, tools: { t: {} } };
    const { serverRequests } = policyOf({ ...all, ...requests({ sampling: { rate_limit: '3/hour' } }) });
    expect([...(serverRequests?.tools.keys() ?? [])]).toEqual(['sampling/createMessage']);
    const call = callOf('sampling/createMessage');
    expect(serverRequests && evaluate(serverRequests, call)).toMatchObject({
      kind: 'open',
      charges: [{ limit: { pointer: '/server_requests/sampling/rate_limit' } }],
    });
    expect(serverRequests && outcomeOf(evaluate(serverRequests, callOf('roots/list')))).toBe('NOT_LISTED');
    expect(policyOf(all).serverRequests).toBeUndefined();
  });

  test.each<[unknown, string[]]>([
    [{ samplings: {} }, ['UNKNOWN_KEY /server_requests/samplings -> sampling']],
    [{ 'sampling/createMessage': {} }, ['UNKNOWN_KEY /server_requests/sampling~1createMessage']],
    [{ sampling: true }, ['TYPE /server_requests/sampling']],
    [{ sampling: { arguments: 'declared' } }, ['UNKNOWN_KEY /server_requests/sampling/arguments']],
    [{ sampling: { action: 'ask' } }, ['VALUE /server_requests/sampling/action -> approve']],
    [{ roots: { action: 'deny', limits: [{}] } }, ['CONTRADICTION /server_requests/roots/limits']],
    [[], ['TYPE /server_requests']],
  ])('%j has problems', (body, expected) => {
    const found = problemsOf(requests(body)).map(brief);
    expect(found).toEqual(expect.arrayContaining(expected));
  });

  test('share counters with tools where they say the same, and not where they do not', () => {
    const limit = { counter: 'c', window: 'hour', max: 1 };
    const body = (window: string) => ({
      tools: { t: { limits: [limit] } },
      ...requests({ sampling: { limits: [{ ...limit, window }] } }),
    });
    expect(problemsOf(body('hour'))).toEqual([]);
    expect(problemsOf(body('day')).map(brief)).toEqual([
      'COUNTER_DIFFERS /server_requests/sampling/limits/0',
    ]);
  });
});

describe('resources and prompts', () => {
  test('are judged by their own names, and by nothing that the policy says of tools', () => {
    const all = { hide: ['*'], all_tools: { deny_if: [{ conditions: [] }] }, tools: { t: {} } };
    const { resources, prompts } = policyOf({
      ...all,
      resources: { 'FILE:///work/**': { rate_limit: '3/hour' }, 'memo://a': {} },
      prompts: { greet: { action: 'hide' } },
    });
    expect([...(resources?.tools.keys() ?? [])]).toEqual(['resource:memo://a']);
    expect(resources && evaluate(resources, callOf('resource:file:///work/a'))).toMatchObject({
      kind: 'open',
      charges: [{ limit: { pointer: '/resources/FILE:~1~1~1work~1**/rate_limit' } }],
    });
    expect(resources && outcomeOf(evaluate(resources, callOf('resource:memo://b')))).toBe('NOT_LISTED');
    expect(prompts && outcomeOf(evaluate(prompts, callOf('prompt:Greet')))).toBe('hidden');
    expect([policyOf(all).resources, policyOf(all).prompts]).toEqual([undefined, undefined]);
  });

  test.each<[object, string[]]>([
    [{ resources: { 'work/**': {} } }, ['NAME /resources/work~1**']],
    [{ resources: { 'file:///work/../a': {} } }, ['NAME /resources/file:~1~1~1work~1..~1a']],
    [{ resources: { 'file:///a': {}, 'file:/a': {} } }, ['CONTRADICTION /resources/file:~1a']],
    [{ resources: { 'note:a': { arguments: 'declared' } } }, ['UNKNOWN_KEY /resources/note:a/arguments']],
    [{ resources: { 'note:a': { action: 'ask' } } }, ['VALUE /resources/note:a/action -> approve']],
    [{ resources: { 'note:a': true } }, ['TYPE /resources/note:a']],
    [{ resources: [] }, ['TYPE /resources']],
    [{ prompts: 'all' }, ['TYPE /prompts']],
    [{ prompts: { '': {} } }, ['NAME /prompts/']],
    [{ prompts: { greet: { action: 'deny', limits: [{}] } } }, ['CONTRADICTION /prompts/greet/limits']],
    [{ prompt: {} }, ['UNKNOWN_KEY /prompt -> prompts']],
  ])('%j has problems', (body, expected) => {
    expect(problemsOf(body).map(brief)).toEqual(expect.arrayContaining(expected));
  });
});
