import { afterAll, describe, expect, test, vi } from 'vitest';
import { PinnedView } from '../../src/proxy/pinned-view.js';
import { tempDir } from '../store/support.js';
import { Between, layersOf, stateSession } from './support.js';

const temp = tempDir();
afterAll(temp.remove);

const policy = (pin: string, more: object = {}) => ({ version: '1', default: 'allow', pin, ...more });
const OLD = { description: 'Old.' };
const NEW = { description: 'New.' };

function session(path: string, document: object): Between {
  const between = new Between(temp, document, { path });
  between.state.open();
  return between;
}

let ids = 0;

function answer(between: Between, method: string, result: object): object {
  const id = `p${ids++}`;
  between.client({ jsonrpc: '2.0', id, method, params: {} });
  between.server({ jsonrpc: '2.0', id, result });
  return between.answer(id).result;
}

/** A server of which one thing of each kind has changed. */
function changed(between: Between, words: object): void {
  answer(between, 'tools/list', { tools: [{ name: 't', ...words }] });
  answer(between, 'prompts/list', { prompts: [{ name: 'p', ...words }] });
  answer(between, 'resources/list', { resources: [{ uri: 'memo://r', ...words }] });
  answer(between, 'resources/templates/list', {
    resourceTemplates: [{ uriTemplate: 'memo://{t}', ...words }],
  });
  answer(between, 'initialize', { instructions: words === OLD ? 'Old.' : 'New.' });
}

const trust = (between: Between, ...kinds: string[]) =>
  between.read((store) =>
    store.trustTools(
      store.openPins('recorder').filter((pin) => kinds.length === 0 || kinds.includes(pin.kind ?? 'tool')),
      'cli',
    ),
  );
const news = (between: Between) => [...between.gate.trustedSince()].sort();

describe.each(['hold', 'deny'])('what a person trusts while the client is there, under %s', (pin) => {
  test('is told for each list once, and instructions for none', () => {
    using between = session(temp.path(), policy(pin));
    changed(between, OLD);
    expect(news(between)).toEqual([]);
    changed(between, NEW);
    expect(news(between)).toEqual([]);
    trust(between, 'tool');
    expect(news(between)).toEqual(['tools']);
    expect(news(between)).toEqual([]);
    trust(between);
    expect(news(between)).toEqual(['prompts', 'resources']);
    expect(news(between)).toEqual([]);
  });

  test('is no news to a client that has read it again', () => {
    using between = session(temp.path(), policy(pin));
    changed(between, OLD);
    changed(between, NEW);
    trust(between);
    changed(between, NEW);
    expect(news(between)).toEqual([]);
  });

  test('is no news where another policy keeps nothing back', () => {
    using between = session(temp.path(), policy(pin));
    changed(between, OLD);
    changed(between, NEW);
    between.gate.use(layersOf(policy('warn')));
    trust(between);
    expect(news(between)).toEqual([]);
    between.gate.use(layersOf(policy(pin)));
    expect(news(between)).toEqual(['prompts', 'resources', 'tools']);
  });
});

test('what has come late is told once somebody trusts it; where new tools are shown it was never kept back', () => {
  for (const [more, told] of [
    [{}, ['tools']],
    [{ new_tools: 'show' }, []],
  ] as const) {
    using between = session(temp.path(), policy('hold', more));
    answer(between, 'tools/list', { tools: [{ name: 'a' }] });
    answer(between, 'tools/list', { tools: [{ name: 'a' }, { name: 'b' }] });
    trust(between);
    expect(news(between)).toEqual(told);
  }
});

test('a thousand things are remembered as kept back, and of those the news is told', () => {
  const state = stateSession(temp.path());
  const trusted = new Set<string>();
  const standing = (_kind: string, name: string) =>
    ({ kind: trusted.has(name) ? 'same' : 'changed', isLate: false, isUnseen: false }) as never;
  vi.spyOn(state, 'standing').mockImplementation(standing);
  const now = vi.spyOn(state, 'standingNow').mockImplementation(standing);
  const view = new PinnedView(state);
  const layers = layersOf(policy('deny'));
  const look = (name: string) =>
    view.of({ kind: 'tool', name, definition: name, raw: name, isUnpinnable: false }, layers).kind;
  for (let n = 0; n < 1001; n++) expect(look(`t${n}`)).toBe('none');
  trusted.add('t1000');
  expect([...view.trustedSince(layers)]).toEqual([]);
  trusted.add('t999');
  // One that is remembered already stays so.
  look('t0');
  expect(now).toHaveBeenCalledTimes(1000);
  // Where the state cannot be read nothing is told, and nothing forgotten.
  now.mockReturnValueOnce(undefined);
  expect([...view.trustedSince(layers)]).toEqual([]);
  expect([...view.trustedSince(layers)]).toEqual(['tools']);
  expect([...view.trustedSince(layers)]).toEqual([]);
  // Its place is free again.
  look('t1001');
  trusted.add('t1001');
  expect([...view.trustedSince(layers)]).toEqual(['tools']);
  state.close();
});
