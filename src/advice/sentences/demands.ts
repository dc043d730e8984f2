import { isObject, type Json } from '../../json/value.js';
import type { Input } from './model.js';
import {
  choice,
  field,
  hasOnly,
  isSpan,
  isText,
  isTexts,
  ON_DENY,
  oneOf,
  optional,
  type RuleReader,
  WINDOW,
} from './options.js';

const OTHERWISE = choice('then', 'deny', 'approve');

/** `only mon-fri from 09:00 to 18:00`. */
export const hoursRule: RuleReader = (value, at, about) => {
  if (!isObject(value) || !hasOnly(value, ['days', 'from', 'to', 'outside', 'on_deny'])) return undefined;
  const { days = null, from = '00:00', to = '24:00' } = value;
  if (!(days === null ? !Object.hasOwn(value, 'days') : isText(days) || isTexts(days))) return undefined;
  if (!isText(from) || !isText(to)) return undefined;
  const others = optional(
    {
      outside: {
        phrase: 'outside',
        fits: oneOf('deny', 'approve'),
        input: choice('outside', 'deny', 'approve'),
        standard: 'deny',
        begin: () => 'approve',
      },
      on_deny: ON_DENY,
    },
    value,
    at,
    about,
  );
  if (!others) return undefined;
  return {
    kind: 'hours',
    more: others.more,
    clauses: [
      {
        phrase: 'hours',
        fields: [
          {
            ...field('days', days, { kind: 'days' }, [...at, 'days']),
            put: (next) => [{ path: [...at, 'days'], value: next ?? undefined }],
          },
          field('from', from, { kind: 'time' }, [...at, 'from']),
          field('to', to, { kind: 'time' }, [...at, 'to']),
        ],
      },
      ...others.clauses,
    ],
  };
};

/** What must not, or must, have been called before. */
export const calledRule =
  (kind: 'after' | 'before'): RuleReader =>
  (value, at, about) => {
    const keys = ['tools', 'within', 'scope', 'then', 'on_deny'];
    if (!isObject(value) || !hasOnly(value, keys)) return undefined;
    const { tools = null, within, then = 'deny' } = value;
    if (!isTexts(tools) || !oneOf('deny', 'approve')(then)) return undefined;
    if (within === undefined ? kind === 'after' : !isSpan(within)) return undefined;
    const others = optional(
      {
        ...(kind === 'before' && {
          within: {
            phrase: 'within' as const,
            fits: isSpan,
            input: (): Input => WINDOW,
            begin: (): Json => '1h',
          },
        }),
        scope: {
          phrase: 'whose',
          fits: oneOf('grant', 'session', 'machine'),
          input: choice('scope', 'grant', 'session', 'machine'),
          standard: kind === 'after' ? 'machine' : 'grant',
          begin: () => (kind === 'after' ? 'grant' : 'session'),
        },
        on_deny: ON_DENY,
      },
      value,
      at,
      about,
    );
    if (!others) return undefined;
    return {
      kind,
      more: others.more,
      clauses: [
        {
          phrase: kind,
          fields: [
            field('then', then, OTHERWISE(), [...at, 'then']),
            field('tools', tools, { kind: 'list', of: 'name', options: about.tools }, [...at, 'tools']),
            ...(kind === 'after' ? [field('within', within ?? null, WINDOW, [...at, 'within'])] : []),
          ],
        },
        ...others.clauses,
      ],
    };
  };
