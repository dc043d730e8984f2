import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { casesOf, freshDecision, keepCase, runCases } from '../../src/draft/cases.js';
import { readDraft } from '../../src/draft/findings.js';
import { parseJson } from '../../src/json/exact.js';
import type { JsonObject } from '../../src/json/value.js';
import { stack } from '../../src/policy/evaluate/layers.js';

const POLICY = `{ "version": "1", "default": "deny", "tools": { "pay": {
  "require": [{ "conditions": [{ "path": "args.amount", "op": "lte", "value": 100 }, { "path": "env.REGION", "op": "eq", "value": "ar" }] }] } } }`;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-wrap-cases-'));
  file = join(folder, 'afip.json');
  writeFileSync(file, POLICY);
  return () => rmSync(folder, { recursive: true, force: true });
});

const layers = () => {
  const found = readDraft(POLICY, file);
  if (found.kind === 'problems') throw new Error('unusable');
  return stack(found.policy, found.extended);
};
const call = (name: string, args: string) => ({
  name,
  tool: 'pay',
  args: parseJson(args) as JsonObject,
  env: { REGION: 'ar' },
});

test('a kept call becomes a case with every digit, which passes now and fails under a draft that decides otherwise', () => {
  const small = call('small', '{ "amount": 99.99999999999999999999, "note": "$& $1" }');
  const large = call('large', '{ "amount": 101 }');
  expect(freshDecision(layers(), small).decision).toBe('deny');
  expect(freshDecision(layers(), call('', '{ "amount": 99 }'))).toEqual({ decision: 'allow' });
  for (const one of [small, large]) keepCase(file, one, freshDecision(layers(), one));
  const [made = ''] = casesOf(file);
  expect(made).toBe(join(folder, 'cases', 'afip.json'));
  expect(readFileSync(made, 'utf8')).toContain('99.99999999999999999999');
  expect(readFileSync(made, 'utf8')).toContain('$& $1');
  expect(runCases(made).map(({ name, passed }) => [name, passed])).toEqual([
    ['small', true],
    ['large', true],
  ]);
  const text = POLICY.replace('"value": 100', '"value": 1000');
  expect(runCases(made, { file, text }).map(({ passed }) => passed)).toEqual([true, false]);
});

test('a case is added behind the others, and their comments stay', () => {
  mkdirSync(join(folder, 'cases'));
  const own = join(folder, 'cases', 'afip.json');
  writeFileSync(own, '// mine\n{\n  "policy": "../afip.json",\n  "cases": [\n    // none yet\n  ]\n}\n');
  keepCase(file, call('one', '{}'), { decision: 'deny', code: 'REQUIRE' });
  expect(readFileSync(own, 'utf8')).toMatch(/\/\/ mine[\s\S]*\/\/ none yet[\s\S]*"one"/);
  expect(runCases(own).map(({ passed }) => passed)).toEqual([true]);
});

test('the cases of a policy are those that name it; what is no case file is not written over', () => {
  mkdirSync(join(folder, 'cases'));
  const put = (name: string, content: string) => writeFileSync(join(folder, 'cases', name), content);
  put('other.json', '{ "policy": "../other.json", "cases": [] }');
  put('more.json', '{ "policy": "../afip.json", "cases": [] }');
  put('notes.txt', '');
  expect(casesOf(file)).toEqual([join(folder, 'cases', 'more.json')]);
  put('afip.json', '{ "something": "else" }');
  expect(() => keepCase(file, call('one', '{}'), { decision: 'deny' })).toThrow(/afip\.json/);
  expect(readFileSync(join(folder, 'cases', 'afip.json'), 'utf8')).toBe('{ "something": "else" }');
});
