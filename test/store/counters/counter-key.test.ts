import { describe, expect, test } from 'vitest';
import type { Limit, Path } from '../../../src/policy/model.js';
import { keyOf, labelOf } from '../../../src/store/counters/counter-key.js';
import { limit } from '../support-shapes.js';

const owner = { server: 'mcp-afip', grant: 'default', session: 's-1', observe: false };
const path = (text: string): Path => {
  const [root = '', ...steps] = text.split('.');
  return { text, root: root as Path['root'], steps };
};

describe('the label of a split', () => {
  const labelled = (split: string, ...per: string[]) => labelOf(limit({ per: per.map(path) }), split);

  test.each([
    ['no split has none', '', [], ''],
    ['a short one is shown', '["20-1"]', ['args.cuit'], '["20-1"]'],
    ['120 characters are short', 'x'.repeat(120), ['args.cuit'], 'x'.repeat(120)],
  ])('%s', (_, split, per, label) => {
    expect(labelled(split, ...per)).toBe(label);
  });

  test.each([
    ['121 characters', 'x'.repeat(121), ['args.cuit'], /^#[\w-]{10}$/],
    ['all arguments', '{"cuit":"20-1"}', ['args'], /^#[\w-]{10}$/],
    ['all arguments beside one of them', '["20-1"]', ['args.cuit', 'args'], /^#[\w-]{10}$/],
    ['a value of the environment', '["secret"]', ['env.TOKEN'], /^env\.TOKEN #[\w-]{10}$/],
    ['one beside an argument', '["a","b"]', ['args.cuit', 'env.TOKEN'], /^env\.TOKEN #[\w-]{10}$/],
    ['all arguments of a tool', '["echo",{"cuit":"20-1"}]', ['tool.name', 'args'], /^echo #[\w-]{10}$/],
    ['those of a tool that are a digest', 'sha256:00', ['tool.name', 'args'], /^#[\w-]{10}$/],
    ['two of them', '["a","b"]', ['env.A', 'env.B'], /^env\.A env\.B #[\w-]{10}$/],
  ])('%s: a digest, with the names of variables', (_, split, per, label) => {
    expect(labelled(split, ...per)).toMatch(label);
    // The counts of two values stay apart.
    expect(labelled(split, ...per)).not.toBe(
      labelled(split.startsWith('[') ? ` ${split}` : `${split} `, ...per),
    );
  });
});

describe('the key of a counter', () => {
  const keys = (changes: Partial<typeof owner>, shape: Parameters<typeof limit>[0] = {}, split = '') =>
    keyOf({ ...owner, ...changes }, limit(shape), split);

  test.each<[Limit['scope'], readonly (keyof typeof owner)[]]>([
    ['machine', ['observe']],
    ['grant', ['server', 'grant', 'observe']],
    ['session', ['server', 'grant', 'session', 'observe']],
  ])('G4: scope %s tells apart %j and nothing else', (scope, parts) => {
    const changes = { server: 'other', grant: 'other', session: 'other', observe: true };
    for (const part of Object.keys(changes) as (keyof typeof changes)[]) {
      const isOther = keys({ [part]: changes[part] }, { scope }) !== keys({}, { scope });
      expect(isOther, part).toBe(parts.includes(part));
    }
  });

  test('G4: its bound is no part of it; its name, window, alignment, layer and split are', () => {
    const own = keys({});
    expect(keys({}, { max: 7, refund: 'on_error', onExceed: 'approve' })).toBe(own);
    const others = [
      keys({}, { counter: 'other' }),
      keys({}, { windowMs: 1 }),
      keys({}, { scope: 'session' }),
      keys({}, { align: { kind: 'calendar', unit: 'minute', timezone: 'UTC' } }),
      keys({}, { align: { kind: 'calendar', unit: 'minute', timezone: 'America/Sao_Paulo' } }),
      keys({}, { align: { kind: 'calendar', unit: 'hour', timezone: 'UTC' } }),
      keys({}, {}, 'a'),
      keys({}, {}, 'b'),
    ];
    expect(new Set([own, ...others]).size).toBe(others.length + 1);
  });

  test('no value of a split stands in it', () => {
    expect(keys({}, {}, '["sk-secret"]')).not.toContain('sk-secret');
  });
});
