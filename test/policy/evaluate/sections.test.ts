import { describe, expect, test } from 'vitest';
import type { TraceStep } from '../../../src/policy/evaluate/evaluate.js';
import { stack } from '../../../src/policy/evaluate/layers.js';
import { lookedAt } from '../../../src/policy/evaluate/looked-at.js';
import {
  evaluateNamed,
  isShownInSection,
  loggedName,
  resourceName,
} from '../../../src/policy/evaluate/sections.js';
import { callOf, outcomeOf, policyOf } from '../support.js';

const layersOf = (own: object, ...extended: object[]) =>
  stack(
    policyOf(own),
    extended.map((each) => policyOf(each)),
  );
const when = (path: string, op: string, value: unknown) => ({ conditions: [{ path, op, value }] });

describe('what is no tool', () => {
  const judged = (policy: object, name: string, args?: object) =>
    outcomeOf(evaluateNamed(layersOf(policy), callOf(name, args)));

  test('passes where the policy says nothing of its kind, and is judged as its kind where it does', () => {
    for (const name of ['resource:file:///a', 'prompt:greet', 'sampling/createMessage'])
      expect(judged({}, name)).toBe('open');
    const all = { server_requests: { roots: {} }, resources: { 'memo:a': {} }, prompts: { greet: {} } };
    expect(judged(all, 'sampling/createMessage')).toBe('NOT_LISTED');
    expect(judged(all, 'roots/list')).toBe('open');
    expect(judged(all, 'prompt:greet')).toBe('open');
    expect(judged(all, 'prompt:other')).toBe('NOT_LISTED');
    expect(judged(all, 'resource:memo:a')).toBe('open');
    expect(judged(all, 'resource:memo:b')).toBe('NOT_LISTED');
    expect(judged(all, 'greet')).toBe('NOT_LISTED');
  });

  const secret = {
    default: 'allow',
    resources: { '**': {}, 'file:///secret/**': { action: 'deny' }, 'file:///dark/**': { action: 'hide' } },
  };

  test.each([
    ['file:///open/a', 'open'],
    ['file:///secret/a', 'ACTION_DENY'],
    ['file:///dark/a', 'hidden'],
    // One program reads this one, another one that: what either may not have, none gets.
    ['file:///open/../secret/a', 'ACTION_DENY'],
    ['file:///secret/../open/a', 'ACTION_DENY'],
    ['file:///dark/../open/a', 'hidden'],
    ['file:///open/../dark/a', 'hidden'],
    ['file:///secret/../dark/a', 'hidden'],
    ['file:///dark/../secret/a', 'hidden'],
    ['file:///a%2Fb', 'NOT_LISTED'],
  ])('G2: %s is judged by every way in which some program reads it: %s', (uri, outcome) => {
    expect(judged(secret, resourceName(uri), { uri })).toBe(outcome);
  });

  test('G2: a URI that two entries judge by two readings is refused, and the trace says why', () => {
    const layers = layersOf({
      resources: { 'memo://h/a/**': {}, 'memo://h/b/**': { rate_limit: '1/hour' } },
    });
    const trace: TraceStep[] = [];
    const read = (uri: string) => evaluateNamed(layers, callOf(resourceName(uri), { uri }), trace);
    expect(read('memo://h/a/../a/x')).toMatchObject({ kind: 'open' });
    trace.length = 0;
    const explanation = 'the URI is memo://h/b/x for some programs and memo://h/a/../b/x for others';
    expect(read('memo://h/a/../b/x')).toMatchObject({
      kind: 'refused',
      refusal: { code: 'NOT_LISTED', rule: '/resources', explanation },
    });
    expect(trace.at(-1)).toMatchObject({ look: 'entry', result: 'stops', text: explanation });
  });

  test('conditions see the URI by which the resource is known, and the call’s own is looked at where it has one', () => {
    const policy = { resources: { 'memo:**': { require: [when('args.uri', 'eq', 'memo:a')] } } };
    expect(judged(policy, 'resource:memo:a', { uri: 'MEMO:a' })).toBe('open');
    expect(judged(policy, 'resource:memo:a', { uri: 'memo:%61' })).toBe('REQUIRE');
    expect(judged(policy, 'resource:memo:a', { uri: 'memo:a' })).toBe('open');
    expect(judged(policy, 'resource:memo:a')).toBe('open');
    expect(judged(policy, 'resource:memo:a', { uri: 5 })).toBe('open');
    // It is another resource's: the name decides.
    expect(judged(policy, 'resource:memo:a', { uri: 'memo:%%' })).toBe('open');
    expect(judged(policy, 'resource:memo:b', { uri: 'memo:a' })).toBe('REQUIRE');
  });

  test('the log knows a resource by one spelling, and everything else by its name', () => {
    expect(loggedName('resource:MEMO:%41')).toBe('resource:memo:A');
    expect(loggedName('resource:%')).toBe('resource:%');
    expect(loggedName('prompt:MEMO:%41')).toBe('prompt:MEMO:%41');
    expect(resourceName('MEMO:%41')).toBe('resource:memo:A');
  });
});

describe('G6: what the list of resources, templates and prompts shows', () => {
  const dark = {
    default: 'allow',
    resources: { '**': {}, 'file:///dark/**': { action: 'hide' } },
    prompts: { '*': {}, secret: { action: 'hide' } },
  };

  test.each<[policy: object, kind: 'prompt' | 'resource' | 'template', what: string, boolean | undefined]>([
    [{ hide: ['*'] }, 'prompt', 'secret', true],
    [{ hide: ['*'] }, 'resource', 'file:///dark/a', true],
    [{ hide: ['*'] }, 'template', 'file:///dark/{a}', true],
    [dark, 'prompt', 'secret', false],
    [dark, 'prompt', 'greet', true],
    [dark, 'resource', 'file:///open/a', true],
    [dark, 'resource', 'file:///dark/a', false],
    [dark, 'resource', 'file:///dark/../open/a', false],
    [dark, 'resource', 'file:///a%2Fb', undefined],
    [dark, 'template', 'file:///open/{name}', true],
    [dark, 'template', 'file:///dark/{name}', false],
    [dark, 'template', 'file:///dark/{+path}', false],
    [dark, 'template', 'file:///{name}/a', true],
    [dark, 'template', 'file:///{name}#a', undefined],
  ])('%o %s %s: %s', (policy, kind, what, shown) => {
    expect(isShownInSection(layersOf(policy), kind, what)).toBe(shown);
  });

  test('a template is hidden where all that it stands for is, or its own text', () => {
    const shown = (template: string, ...hidden: string[]) => {
      const hide = Object.fromEntries(hidden.map((each) => [each, { action: 'hide' }]));
      return isShownInSection(
        layersOf({ default: 'allow', resources: { '**': {}, [template]: {}, ...hide } }),
        'template',
        template,
      );
    };
    expect(shown('memo://h/a/{name}')).toBe(true);
    expect(shown('memo://h/a/{name}', 'memo://h/a/{name}')).toBe(false);
    // One star stands for no slash: {+path} may hold one, {name} does not.
    expect(shown('memo://h/a/{name}', 'memo://h/a/*')).toBe(false);
    expect(shown('memo://h/a/{+path}', 'memo://h/a/*')).toBe(true);
    expect(shown('memo://h/a/{+path}', 'memo://h/a/**')).toBe(false);
    expect(shown('memo://h/a{/path}', 'memo://h/*')).toBe(true);
    // A query is one, and no part of the path.
    expect(shown('memo://h/a{?q}', 'memo://h/a')).toBe(true);
    expect(shown('memo://h/a{?q}', 'memo://h/a?**')).toBe(false);
    expect(shown('memo://h/a?x=1{&q}', 'memo://h/a?x=1&**')).toBe(false);
    expect(shown('memo://h/a{?q}', 'memo://h/**')).toBe(false);
  });
});

test('the arguments that a policy counts, and those it asks a person about', () => {
  const limit = (counter: string, amount?: unknown) => ({
    counter,
    window: 'day',
    max: 9,
    scope: 'grant',
    ...(amount !== undefined && { amount }),
  });
  const own = {
    all_tools: { limits: [limit('all', 'args.all')], approve_if: [when('args.all', 'gt', 1)] },
    tools: {
      pay: {
        limits: [limit('calls'), limit('one', 'args.total'), limit('sum', { sum: 'args.items[*].price' })],
        approve_if: [when('args.to', 'eq', 'x'), when('tool.name', 'eq', 'x'), when('env.X', 'eq', 'x')],
        require: [when('args.other', 'eq', 1)],
      },
    },
  };
  const extended = {
    default: 'allow',
    all_tools: { limits: [limit('more', 'args.total'), limit('org', 'args.org')] },
  };
  expect(lookedAt(layersOf(own, extended), 'pay')).toEqual({
    amounts: [['total'], ['items', null, 'price'], ['all'], ['org']],
    conditions: [['to'], ['all']],
  });
  expect(lookedAt(layersOf({ default: 'allow' }), 'pay')).toEqual({ amounts: [], conditions: [] });
  // All arguments together are no way to one of them.
  const whole = { tools: { pay: { approve_if: [when('args', 'exists', true)] } } };
  expect(lookedAt(layersOf(whole), 'pay').conditions).toEqual([]);
});
