import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for what the files of one run share, gone at its end: `SUITE_FOLDER`. Nobody else can write to it. */
export default function suiteFolder(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-suite-'));
  process.env.SUITE_FOLDER = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
