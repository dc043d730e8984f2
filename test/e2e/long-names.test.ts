import { expect, test } from 'vitest';
import { Rig, refusalCode } from '../support/rig.js';

/** A quarter of a megabyte: as one run, normalising it takes a quarter of a minute. */
const MARKS = '\u0301\u0323'.repeat(125_000);

test('G9: a long name or text of stacked marks holds nothing up, wherever it stands', {
  timeout: 120_000,
}, async () => {
  await using rig = new Rig();
  const limits = [{ counter: 'c', window: 'hour', max: 5, scope: 'grant', per: ['args.text', 'args.name'] }];
  const require = [{ conditions: [{ path: 'args.text', op: 'neq', value: 'blocked' }] }];
  const wrapper = rig.wrap({
    policy: { version: '1', default: 'deny', tools: { echo: { require, limits } } },
  });
  await wrapper.initialize();
  const start = performance.now();
  expect(refusalCode(await wrapper.call('echo', { text: 'xy'.repeat(125_000) }))).toBeUndefined();
  const plain = performance.now() - start;
  expect(refusalCode(await wrapper.call('echo', { text: MARKS }))).toBeUndefined();
  expect(refusalCode(await wrapper.call('echo', { text: `blocked${MARKS}` }))).toBeUndefined();
  expect(refusalCode(await wrapper.call('echo', { text: 'x', [`text${MARKS}`]: 1 }))).toBeUndefined();
  expect(refusalCode(await wrapper.call(`echo${MARKS}`, {}))).toBe('NOT_LISTED');
  expect((await wrapper.request(`tools/list${MARKS}`)).id).toBeDefined();
  // What shows nothing is no way out, however much of it there is.
  expect(refusalCode(await wrapper.call('echo', { text: `blocked${'\u200b'.repeat(125_000)}` }))).toBe(
    'REQUIRE',
  );
  // Six calls. Far more than a minute where each is normalised as it comes, and a text as long takes milliseconds.
  expect(performance.now() - start).toBeLessThan(100 * Math.max(plain, 100));
});
