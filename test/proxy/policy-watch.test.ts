import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FoundPolicy } from '../../src/config/policy-files.js';
import { PolicyWrapError } from '../../src/errors.js';
import { type Reload, watchPolicy } from '../../src/proxy/policy-watch.js';
import { tempDir } from '../store/support.js';

const temp = tempDir();
afterAll(temp.remove);
beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

const INTERVAL = 500;
const found = (...files: string[]) => ({ kind: 'policy', files }) as unknown as FoundPolicy;

test('a change is read once the file has stood still for one interval, and reported once', () => {
  const file = temp.path('p.json');
  writeFileSync(file, '1');
  const reports: Reload[] = [];
  const stop = watchPolicy(
    [file],
    () => found(file),
    (reload) => void reports.push(reload),
  );
  vi.advanceTimersByTime(3 * INTERVAL);
  expect(reports).toEqual([]);
  writeFileSync(file, '22');
  vi.advanceTimersByTime(INTERVAL);
  writeFileSync(file, '333');
  vi.advanceTimersByTime(INTERVAL);
  expect(reports).toEqual([]);
  vi.advanceTimersByTime(INTERVAL);
  expect(reports).toMatchObject([{ kind: 'policy' }]);
  vi.advanceTimersByTime(5 * INTERVAL);
  expect(reports).toHaveLength(1);
  stop();
  writeFileSync(file, '4444');
  vi.advanceTimersByTime(5 * INTERVAL);
  expect(reports).toHaveLength(1);
});

test.each([1, 250, 499])(
  'a change %i ms after a look holds with the second look after it, within a second',
  (after) => {
    const file = temp.path(`at-${after}.json`);
    writeFileSync(file, '1');
    const reports: Reload[] = [];
    const stop = watchPolicy(
      [file],
      () => found(file),
      (reload) => void reports.push(reload),
    );
    vi.advanceTimersByTime(INTERVAL + after);
    writeFileSync(file, '22');
    vi.advanceTimersByTime(2 * INTERVAL - after);
    expect(reports).toHaveLength(1);
    stop();
  },
);

test('a change that leaves the file as long as it was is one, and one that was taken back is none', () => {
  const file = temp.path('same.json');
  writeFileSync(file, 'yes');
  utimesSync(file, 1000, 1000);
  const reports: Reload[] = [];
  const stop = watchPolicy(
    [file],
    () => found(file),
    (reload) => void reports.push(reload),
  );
  writeFileSync(file, 'no!');
  utimesSync(file, 1000, 1000.001);
  vi.advanceTimersByTime(2 * INTERVAL);
  expect(reports).toHaveLength(1);
  stop();
});

test('files that the policy came to consist of are watched from then on', () => {
  const [file, base] = [temp.path('own.json'), temp.path('base.json')];
  writeFileSync(file, '1');
  const reports: Reload[] = [];
  const stop = watchPolicy(
    [file],
    () => found(file, base),
    (reload) => void reports.push(reload),
  );
  writeFileSync(base, '1');
  vi.advanceTimersByTime(3 * INTERVAL);
  expect(reports).toEqual([]);
  writeFileSync(file, '22');
  vi.advanceTimersByTime(3 * INTERVAL);
  expect(reports).toHaveLength(1);
  writeFileSync(base, '22');
  vi.advanceTimersByTime(3 * INTERVAL);
  expect(reports).toHaveLength(2);
  stop();
});

test.each<[string, () => FoundPolicy, string]>([
  ['is gone', () => ({ kind: 'none' }) as unknown as FoundPolicy, 'the policy file is gone'],
  ['is gone, where a preset would take its place', () => found(), 'the policy file is gone'],
  [
    'cannot be read',
    () => {
      throw new Error('no permission');
    },
    'Error: no permission',
  ],
  [
    'cannot be found',
    () => {
      throw new PolicyWrapError('POLICY_NOT_FOUND', 'it is not there');
    },
    'it is not there',
  ],
])('G3: the last policy stays when the file %s', (_, find, reason) => {
  const file = temp.path();
  writeFileSync(file, '1');
  const reports: Reload[] = [];
  const stop = watchPolicy([file], find, (reload) => void reports.push(reload));
  rmSync(file);
  vi.advanceTimersByTime(3 * INTERVAL);
  expect(reports).toEqual([{ kind: 'kept', reason }]);
  stop();
});
