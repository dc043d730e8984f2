import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readPolicy } from '../../../src/config/policy-files.js';
import {
  asksInLayers,
  evaluateLayers,
  isVisibleInLayers,
  type Layers,
  stack,
} from '../../../src/policy/evaluate/layers.js';
import { loadPolicy } from '../../../src/policy/read/load.js';
import { type Admitted, BUSY, Store } from '../../../src/store/store.js';
import { INFO } from '../../store/support-shapes.js';
import { callOf } from '../support.js';

const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, body: object): string {
  const file = join(folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, JSON.stringify({ version: '1', default: 'allow', ...body }));
  return file;
}

function layersOf(file: string): Layers {
  const found = readPolicy(file);
  if (found.kind !== 'policy') throw new Error(found.kind);
  return stack(found.policy, found.extended);
}

/** One layer on another, without files. */
function stacked(own: object, ...extended: object[]): Layers {
  const [first, ...rest] = [own, ...extended].map((body, index) => {
    const { policy } = loadPolicy(
      JSON.stringify({ version: '1', default: 'allow', ...body }),
      `/${index}/p.json`,
    );
    if (!policy) throw new Error('not loaded');
    return policy;
  });
  if (!first) throw new Error('no policy');
  return stack(first, rest);
}

const limits = (max: number) => ({
  all_tools: { limits: [{ counter: 'calls', window: 'hour', max, scope: 'machine' }] },
});

function admit(store: Store, session: string, layers: Layers): Admitted {
  const evaluation = evaluateLayers(layers, callOf('t'));
  const admitted = store.admit(session, [
    { tool: 't', requestId: '1', argumentsText: '[]', policyHash: layers.hash, evaluation },
  ]);
  if (admitted === BUSY || !admitted[0]) throw new Error('busy');
  return admitted[0];
}

function counting(run: (fits: (layers: Layers) => boolean) => void): void {
  const store = Store.open(':memory:', {});
  try {
    const session = store.startSession(INFO);
    run((layers) => admit(store, session, layers).kind === 'allowed');
  } finally {
    store.close();
  }
}

describe('layers are told apart by their files', () => {
  test('G4: one file name and one counter name in two folders are two counts', () => {
    write('a/org.json', { ...limits(1), extends: '../b/org.json' });
    write('b/org.json', limits(1));
    const layers = layersOf(write('own.json', { extends: 'a/org.json' }));
    const { charges, ...rest } = evaluateLayers(layers, callOf('t')) as Extract<
      ReturnType<typeof evaluateLayers>,
      { kind: 'open' }
    >;
    expect(rest.kind).toBe('open');
    expect(new Set(charges.map(({ limit }) => limit.pointer)).size).toBe(2);
    counting((fits) => {
      // Together in one count, each call would take two of it, and none would ever fit.
      expect(fits(layers)).toBe(true);
      expect(fits(layers)).toBe(false);
    });
  });

  test('G4: two servers whose policies extend files of one name do not share their counts', () => {
    write('c/org.json', limits(1));
    write('d/org.json', limits(1));
    const [c, d] = ['c', 'd'].map((name) =>
      layersOf(write(`own-${name}.json`, { extends: `${name}/org.json` })),
    );
    counting((fits) => {
      expect(fits(c as Layers)).toBe(true);
      expect(fits(d as Layers)).toBe(true);
      expect(fits(c as Layers)).toBe(false);
    });
  });

  test.skipIf(process.platform === 'win32')(
    'G4: one file is one count, by whatever link, and after it was saved anew',
    () => {
      const real = write('e/org.json', limits(2));
      symlinkSync(real, join(folder, 'linked.json'));
      const direct = layersOf(write('own-e.json', { extends: 'e/org.json' }));
      const linked = layersOf(write('own-l.json', { extends: 'linked.json' }));
      counting((fits) => {
        expect(fits(direct)).toBe(true);
        renameSync(write('e/new.json', { ...limits(2), description: 'edited' }), real);
        expect(fits(layersOf(join(folder, 'own-e.json')))).toBe(true);
        expect(fits(linked)).toBe(false);
      });
    },
  );

  test("G4: a user's counter that is called like a layer's is another", () => {
    write('f/org.json', limits(1));
    const own = { limits: [{ counter: 'org.json:calls', window: 'hour', max: 1, scope: 'machine' }] };
    const layers = layersOf(write('own-f.json', { extends: 'f/org.json', all_tools: own }));
    counting((fits) => expect(fits(layers)).toBe(true));
  });
});

describe('no layer loosens what another says', () => {
  const called = (kind: string, more: object = {}) => ({
    tools: { t: { [kind]: [{ tools: ['a'], within: '1h', ...more }] } },
  });
  const hours = { tools: { t: { hours: { from: '09:00' } } } };
  const limit = (more: object) => ({
    tools: { t: { limits: [{ counter: 'c', window: 1, max: 1, ...more }] } },
  });
  const asks = { tools: { t: { action: 'approve' } } };

  test.each<
    [
      what: string,
      of: (layers: Layers) => unknown,
      strict: object[],
      holds: unknown,
      loose: object[],
      otherwise: unknown,
    ]
  >([
    ['new tools', ({ newTools }) => newTools, [{ pin: 'hold' }], 'hide', [{}, { pin: 'deny' }], 'show'],
    ['suspicious', ({ onSuspicious }) => onSuspicious, [{ on_suspicious: 'hide' }], 'hide', [{}], 'warn'],
    ['hints', ({ annotate }) => annotate, [{ annotate: true }], true, [{}], false],
    [
      'outcomes',
      ({ needsOutcomes }) => needsOutcomes,
      [called('before'), limit({ refund: 'on_error' })],
      true,
      [{}, called('after'), hours, limit({})],
      false,
    ],
    [
      'earlier calls',
      ({ looksBack }) => looksBack,
      [called('before'), called('after')],
      true,
      [{}, hours, limit({})],
      false,
    ],
    [
      'schemas',
      ({ declares }) => declares,
      [{ all_tools: { arguments: 'declared' } }],
      true,
      [{}, hours],
      false,
    ],
    [
      'whether a person is asked',
      (layers) => asksInLayers(layers, 't'),
      [
        asks,
        limit({ on_exceed: 'approve' }),
        // biome-ignore lint/suspicious/noThenProperty: a field of the policy's
        called('after', { then: 'approve' }),
        { tools: { t: { hours: { from: '09:00', outside: 'approve' } } } },
      ],
      true,
      [{}, limit({}), called('after'), hours],
      false,
    ],
  ])('%s', (_, of, strict, holds, loose, otherwise) => {
    for (const body of strict)
      for (const layers of [stacked(body), stacked({}, body), stacked(body, {})])
        expect(of(layers), JSON.stringify(body)).toEqual(holds);
    for (const body of loose)
      for (const layers of [stacked(body), stacked({}, body)])
        expect(of(layers), JSON.stringify(body)).toEqual(otherwise);
  });

  test('each layer has its rules and its store named, and all of them one hash', () => {
    const [own, below] = [limit({ max: 2 }), { ...limit({}), store: 'billing' }];
    const layers = stacked(own, below);
    expect(layers.stores).toEqual(['billing']);
    expect(stacked(own).stores).toEqual([]);
    expect(
      new Set([stacked(own), stacked(below), layers, stacked(below, own)].map(({ hash }) => hash)).size,
    ).toBe(4);
    const open = evaluateLayers(layers, callOf('t'));
    expect(open.kind === 'open' && open.charges.map(({ limit }) => limit.pointer)).toEqual([
      'p.json#/tools/t/limits/c',
      '/tools/t/limits/c',
    ]);
    const both = evaluateLayers(stacked({}, below, own), callOf('t'));
    // Two files of one name are told apart by their paths.
    expect(both.kind === 'open' && both.charges.map(({ limit }) => limit.pointer)).toEqual([
      '/2/p.json#/tools/t/limits/c',
      '/1/p.json#/tools/t/limits/c',
    ]);
  });

  test('what a call has to meet comes from every layer', () => {
    const both = evaluateLayers(stacked(hours, called('after')), callOf('t'));
    expect(both.kind === 'open' && both.demands?.map(({ pointer }) => pointer)).toEqual([
      'p.json#/tools/t/after/0',
      '/tools/t/hours',
    ]);
    expect(evaluateLayers(stacked({}, {}), callOf('t'))).not.toHaveProperty('demands');
  });

  test.each([
    ['keys', { audit: { arguments: 'full' } }, { audit: { arguments: 'keys' } }],
    ['keys', { audit: { arguments: 'keys' } }, { audit: { arguments: 'full' } }],
    ['keys', {}, {}],
    ['full', { audit: { arguments: 'full' } }, {}],
    ['full', {}, { audit: { arguments: 'full' } }],
  ])('the log keeps %s under %j on %j', (kept, own, below) => {
    expect(stacked(own, below).auditArguments).toBe(kept);
    expect(stacked(own, {}, below).auditArguments).toBe(kept);
  });

  test.each(['off', 'warn', 'deny'] as const)('pin: %s beside deny is deny', (pin) => {
    expect(stacked({ pin }, { pin: 'deny' }).pin).toBe('deny');
    expect(stacked({ pin: 'deny' }, { pin }).pin).toBe('deny');
  });

  test('approvals wait and keep as long as the shortest, over the channels of all', () => {
    const own = { approvals: { wait: '10s', expires: '1h', channels: ['client', 'queue'] } };
    const below = { approvals: { wait: '40s', expires: '2m', channels: ['queue'] } };
    for (const layers of [stacked(own, below), stacked(below, own)])
      expect(layers.approvals).toMatchObject({ waitMs: 10_000, expiresMs: 120_000, channels: ['queue'] });
  });

  test('G10: an argument is only left out of what is approved where every layer leaves it out', () => {
    const except = (...names: string[]) => ({ approvals: { except: names.map((name) => `args.${name}`) } });
    const texts = (layers: Layers) => layers.approvals.except.map(({ text }) => text);
    expect(texts(stacked(except('a', 'b'), except('b', 'c')))).toEqual(['args.b']);
    expect(texts(stacked(except('a'), {}))).toEqual([]);
    expect(texts(stacked({}, except('a')))).toEqual([]);
  });

  test.each([
    [{ list: 'callable' }, { tools: { t: { action: 'deny' } } }],
    [{ tools: { t: { action: 'deny' } } }, { list: 'callable' }],
    [{ list: 'callable', tools: { t: { action: 'deny' } } }, { list: 'all' }],
    [{}, { list: 'callable', tools: { t: { action: 'deny' } } }],
  ])('what one layer refuses and another wants out of the list is not in it: %j on %j', (own, below) => {
    expect(isVisibleInLayers(stacked(own, below), 't')).toBe(false);
    expect(isVisibleInLayers(stacked(own, below), 'u')).toBe(true);
  });
});

test('the most general layer is the one that refuses, and that asks, whatever the others say', () => {
  const says = (word: string, list: string) => ({
    all_tools: { [list]: [{ conditions: [], on_deny: word }] },
  });
  const refused = evaluateLayers(
    stacked(says('own', 'deny_if'), says('team', 'deny_if'), says('company', 'deny_if')),
    callOf('t'),
  );
  expect(refused).toMatchObject({ kind: 'refused', refusal: { authorText: 'company' } });
  const asked = evaluateLayers(
    stacked(says('own', 'approve_if'), says('team', 'approve_if'), says('company', 'approve_if')),
    callOf('t'),
  );
  expect(asked).toMatchObject({ kind: 'open', ask: { authorText: 'company' } });
});

test('G6: what any layer hides is hidden, also where a more general one refuses it', () => {
  const layers = stacked({ hide: ['t'] }, { tools: { t: { action: 'deny' } } });
  expect(evaluateLayers(layers, callOf('t'))).toEqual({ kind: 'hidden' });
});

test.each([
  ['all_tools', (limit: object) => ({ all_tools: { limits: [limit] } })],
  ['a tool', (limit: object) => ({ tools: { t: { limits: [limit] } } })],
  ['a pattern', (limit: object) => ({ tools: { 't*': { limits: [limit] } } })],
])('a limit of %s in any layer that gives charges back is known of', (_, body) => {
  const limit = (refund: string) => body({ counter: 'c', window: 'hour', max: 1, refund });
  expect(stacked({}).needsOutcomes).toBe(false);
  expect(stacked(limit('never'), limit('never')).needsOutcomes).toBe(false);
  expect(stacked(limit('on_error')).needsOutcomes).toBe(true);
  expect(stacked({}, limit('on_success')).needsOutcomes).toBe(true);
});

test('what the server asks is judged by every layer that says something of it, under its file’s name', () => {
  const layers = stacked(
    { server_requests: { sampling: { limits: [{ counter: 'c', window: 1, max: 1 }] } } },
    { server_requests: { roots: {}, sampling: {} }, default: 'allow' },
    {},
  );
  expect(layers.sections.serverRequests?.all).toHaveLength(2);
  const judged =
    layers.sections.serverRequests &&
    evaluateLayers(layers.sections.serverRequests, callOf('sampling/createMessage'));
  expect(judged).toMatchObject({
    kind: 'open',
    charges: [{ limit: { pointer: expect.stringMatching(/\/server_requests\/sampling\/limits\/c$/) } }],
  });
  expect(stacked({}, {}).sections.serverRequests).toBeUndefined();
});
