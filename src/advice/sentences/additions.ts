import { isArray, isObject, type Json, type JsonObject } from '../../json/value.js';
import type { EditPath } from '../../policy/edit/jsonc-text.js';
import { PolicyText } from '../../policy/edit/policy-text.js';
import { countersIn, freshCounter } from './counters.js';
import type { Addition, Edit } from './model.js';
import { beginning } from './predicates.js';
import type { Part } from './read.js';

/** What can be added to an entry. */
export type AdditionKind =
  | ('limit' | 'amount' | 'approve_if' | 'require' | 'deny_if' | 'arguments' | 'hours' | 'after' | 'before')
  | ('reason' | 'pin');

/**
 * What could still be said in a part of a policy, each with what it begins with. Every one of them leaves a policy that
 * `check` accepts, and none lets a call through that was refused: an `action` that leaves no room for rules becomes a
 * rule that does the same.
 *
 * @throws Error where the text cannot be read
 */
export function additionsTo(text: string, { path, about }: Part): readonly Addition<AdditionKind>[] {
  const document = new PolicyText(text);
  if (path.length === 0) {
    const isThere = document.at(['pin']) !== undefined;
    return isThere ? [] : [{ kind: 'pin', edits: [{ path: ['pin'], value: 'hold' }] }];
  }
  const found = document.at(path);
  if (found !== undefined && !isObject(found)) return [];
  const part: JsonObject = found ?? {};
  const room = roomFor(document, part, path);
  const append = (key: string, value: Json, ahead = 0): readonly Edit[] => {
    const list = part[key];
    const at = (isArray(list) ? list.length : 0) + ahead;
    return [...room, { path: [...path, key, at], value }];
  };
  const money = about.arguments.filter(({ isMoney, types }) => isMoney && types?.includes('number'))[0];
  const amount = money && (money.path.includes('[*]') ? { sum: money.path } : money.path);
  const [tool = '*'] = about.tools;
  const counters = countersIn(document.at([]) ?? null);
  const name = counterBase(path);
  const scope = path[0] === 'tools' || path[0] === 'all_tools' ? { scope: 'grant' } : {};
  const all: (Addition<AdditionKind> | undefined)[] = [
    {
      kind: 'limit',
      edits: append('limits', {
        counter: freshCounter(`${name}_rate`, counters),
        window: 'minute',
        max: 30,
        ...scope,
      }),
    },
    amount === undefined
      ? undefined
      : {
          kind: 'amount',
          edits: append('limits', {
            counter: freshCounter(`${name}_amount`, counters),
            window: 'day',
            max: 100_000,
            ...scope,
            amount,
          }),
        },
    part.action === 'approve'
      ? undefined
      : { kind: 'approve_if', edits: append('approve_if', { conditions: [beginning(about, 'may_not')] }) },
    { kind: 'require', edits: append('require', { conditions: [beginning(about, 'must')] }) },
    {
      kind: 'deny_if',
      edits: append('deny_if', { conditions: [beginning(about, 'may_not')] }, part.action === 'deny' ? 1 : 0),
    },
    hasKey(part, 'arguments') || !takesArguments(path)
      ? undefined
      : { kind: 'arguments', edits: [...room, { path: [...path, 'arguments'], value: 'declared' }] },
    hasKey(part, 'hours')
      ? undefined
      : {
          kind: 'hours',
          edits: [
            ...room,
            { path: [...path, 'hours'], value: { days: 'mon-fri', from: '09:00', to: '18:00' } },
          ],
        },
    { kind: 'after', edits: append('after', { tools: [tool], within: '1h' }) },
    { kind: 'before', edits: append('before', { tools: [tool] }) },
    hasKey(part, 'reason') || path[0] === 'all_tools' || !speaks(part)
      ? undefined
      : { kind: 'reason', edits: [{ path: [...path, 'reason'], value: '' }] },
  ];
  return all.flatMap((addition) => addition ?? []);
}

const hasKey = (part: JsonObject, key: string): boolean => Object.hasOwn(part, key);

const takesArguments = ([section]: EditPath): boolean => section === 'tools' || section === 'all_tools';

/** Whether an entry has a rule whose refusals its `reason` would be told with. */
function speaks(part: JsonObject): boolean {
  return (
    Object.keys(part).some((key) => key !== 'action') || part.action === 'deny' || part.action === 'approve'
  );
}

/** `action: deny` and `hide` stand beside no rule (see compile-entry.ts): the same is said so that one can. */
function roomFor(document: PolicyText, part: JsonObject, path: EditPath): readonly Edit[] {
  const { action, deny_if: others } = part;
  const at = [...path, 'action'];
  if (action === 'deny') {
    const place = [...path, 'deny_if', isArray(others) ? others.length : 0];
    return [
      { path: at, value: undefined },
      { path: place, value: { conditions: [] } },
    ];
  }
  const [section, name] = path;
  if (action !== 'hide' || section !== 'tools' || typeof name !== 'string') return [];
  const hide = document.at(['hide']);
  const names = isArray(hide) ? hide : [];
  return [
    { path: at, value: undefined },
    ...(names.includes(name) ? [] : [{ path: ['hide', names.length], value: name }]),
  ];
}

/** The name of an entry begins the names of its counters. */
function counterBase(path: EditPath): string {
  const name = path.at(-1);
  return path[0] === 'all_tools' || name === undefined ? 'calls' : String(name);
}
