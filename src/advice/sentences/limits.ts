import { isNumber, isObject, type Json } from '../../json/value.js';
import { WINDOW_WORDS } from '../../policy/limits/window.js';
import { readRate } from '../../policy/read/rate.js';
import type { About, Field, Input } from './model.js';
import {
  choice,
  field,
  hasOnly,
  isSpan,
  isText,
  isTexts,
  NUMBER,
  ON_DENY,
  type Option,
  oneOf,
  optional,
  type RuleReader,
  TEXT,
  WINDOW,
} from './options.js';

const paths = ({ arguments: all }: About): Input => ({
  kind: 'list',
  of: 'path',
  options: ['args', ...all.map(({ path }) => path)],
});

/** The members of a limit besides those that it needs, in the order in which they are said. */
const LIMIT_OPTIONS: Readonly<Record<string, Option>> = {
  per: {
    phrase: 'per',
    fits: (value) => isText(value) || isTexts(value),
    input: paths,
    begin: (_, about) => [about.arguments.find(({ isMoney }) => !isMoney)?.path ?? 'args'],
  },
  except: {
    phrase: 'except',
    fits: isTexts,
    input: paths,
    begin: ({ per }, about) =>
      [per].flat().includes('args') ? [about.arguments[0]?.path ?? 'args.idempotency_key'] : undefined,
  },
  align: {
    phrase: 'align',
    fits: oneOf('sliding', 'calendar'),
    input: choice('align', 'sliding', 'calendar'),
    standard: 'sliding',
    begin: ({ window }) =>
      (WINDOW_WORDS as readonly Json[]).includes(window ?? null) ? 'calendar' : undefined,
  },
  refund: {
    phrase: 'refund',
    fits: oneOf('never', 'on_error', 'on_success'),
    input: choice('refund', 'never', 'on_error', 'on_success'),
    standard: 'never',
    begin: () => 'on_success',
  },
  on_exceed: {
    phrase: 'on_exceed',
    fits: oneOf('deny', 'approve'),
    input: choice('on_exceed', 'deny', 'approve'),
    standard: 'deny',
    begin: () => 'approve',
  },
  warn_at: {
    phrase: 'warn_at',
    fits: (value) => isNumber(value),
    input: () => ({ kind: 'number' }),
    begin: () => 0.8,
  },
  on_deny: ON_DENY,
  scope: {
    phrase: 'scope',
    fits: oneOf('grant', 'session', 'machine'),
    input: choice('scope', 'grant', 'session', 'machine'),
    standard: 'grant',
    begin: () => 'session',
  },
};

/** `at most 30 calls a minute`, `at most 100000 of amount_total a day`. */
export const limitRule: RuleReader = (value, at, about) => {
  if (!isObject(value)) return undefined;
  const { counter, window = null, max = null } = value;
  if (!hasOnly(value, ['counter', 'window', 'max', 'amount', ...Object.keys(LIMIT_OPTIONS)]))
    return undefined;
  if (!isText(counter ?? null) || !isSpan(window) || !isNumber(max)) return undefined;
  const amount = Object.hasOwn(value, 'amount') ? (value.amount ?? null) : undefined;
  const others = optional(LIMIT_OPTIONS, value, at, about);
  if (!others || !isAmountForm(amount)) return undefined;
  const path = [...at, 'amount'];
  return {
    kind: 'limit',
    more: others.more,
    clauses: [
      {
        phrase: 'limit',
        fields: [
          field('max', max, NUMBER, [...at, 'max']),
          {
            name: 'charge',
            value: amount ?? null,
            input: { kind: 'choice', of: 'charge', options: charges(amount, about) },
            put: (next) => [{ path, value: next ?? undefined }],
          },
          field('window', window, WINDOW, [...at, 'window']),
        ],
      },
      ...others.clauses.filter(({ isDetail }) => !isDetail),
      {
        phrase: 'counter',
        isDetail: true,
        fields: [field('counter', counter ?? '', TEXT, [...at, 'counter'])],
      },
      ...others.clauses.filter(({ isDetail }) => isDetail),
    ],
  };
};

function isAmountForm(amount: Json | undefined): boolean {
  if (amount === undefined || isText(amount) || isNumber(amount)) return true;
  if (!isObject(amount)) return false;
  const [key, ...more] = Object.keys(amount);
  return more.length === 0 && (key === 'sum' || key === 'count') && isText(amount[key] ?? null);
}

/** What calls can be counted by: null stands for the calls themselves. */
function charges(now: Json | undefined, { arguments: all }: About): readonly Json[] {
  const found = all.flatMap(({ path, types }): Json[] => {
    const isEach = path.includes('[*]');
    if (types?.includes('number')) return [isEach ? { sum: path } : path];
    return types?.includes('array') && !isEach ? [{ count: path }] : [];
  });
  const options = [null, ...found];
  const isThere = options.some((option) => JSON.stringify(option) === JSON.stringify(now ?? null));
  return isThere || now === undefined ? options : [now, ...options];
}

/** `30/minute`, or an object. */
export const rateRule: RuleReader = (value, at) => {
  const sentence = (max: Field, window: Field) => ({
    kind: 'rate_limit' as const,
    more: [],
    clauses: [{ phrase: 'rate_limit' as const, fields: [max, window] }],
  });
  if (isObject(value)) {
    const { max = null, window = null } = value;
    if (!hasOnly(value, ['max', 'window']) || !isNumber(max) || !isSpan(window)) return undefined;
    return sentence(
      field('max', max, NUMBER, [...at, 'max']),
      field('window', window, WINDOW, [...at, 'window']),
    );
  }
  const rate = isText(value) ? readRate(value) : undefined;
  if (!rate) return undefined;
  const { max, window } = rate;
  const spelled = (calls: Json, span: Json) => [{ path: at, value: `${calls}/${span}` }];
  return sentence(
    { name: 'max', value: Number(max), input: NUMBER, put: (next) => spelled(next, window) },
    {
      name: 'window',
      value: window,
      input: WINDOW,
      put: (next) => spelled(max, next),
    },
  );
};
