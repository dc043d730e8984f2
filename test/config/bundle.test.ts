import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { assertNotPacked, isPacked, PLACES } from '../../src/config/bundle.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-wrap-bundle-'));
  return () => rmSync(folder, { recursive: true, force: true });
});

const PARTS = ['manifest.json', join(PLACES.wrapper, 'bin', 'policy-wrap.js'), PLACES.policy];
/** A folder with these files in it. @returns its policy */
function unpacked(parts: readonly string[]): string {
  for (const part of parts) {
    mkdirSync(dirname(join(folder, part)), { recursive: true });
    writeFileSync(join(folder, part), '{}');
  }
  return join(folder, PLACES.policy);
}

test('a policy that came in a bundle is known by what lies around it, and no command changes it', () => {
  const policy = unpacked(PARTS);
  expect(isPacked(policy)).toBe(true);
  expect(() => assertNotPacked(policy)).toThrow(
    expect.objectContaining({ code: 'REFUSED', hint: expect.stringMatching(/^Pack the bundle anew/) }),
  );
});

test.each([0, 1])('without part %d of a bundle it is a policy like others', (missing) => {
  const policy = unpacked(PARTS.filter((_, at) => at !== missing));
  expect(isPacked(policy)).toBe(false);
  expect(() => assertNotPacked(policy)).not.toThrow();
});

test('another file of a bundle is not its policy', () => {
  unpacked([...PARTS, join('policy', 'other.json')]);
  expect(isPacked(join(folder, 'policy', 'other.json'))).toBe(false);
});
