import { statSync } from 'node:fs';
import type { FoundPolicy } from '../config/policy-files.js';
import { PolicyWrapError } from '../errors.js';
import { formatProblem } from '../policy/read/problem.js';

/** How often the files are looked at, in milliseconds: rename, truncation and network drives all show in `stat`. */
const INTERVAL = 500;

/** What a change of the policy's files came to. */
export type Reload =
  | { readonly kind: 'policy'; readonly found: FoundPolicy & { readonly kind: 'policy' } }
  /** The last good policy stays in force; `reason` says why, for people. */
  | { readonly kind: 'kept'; readonly reason: string };

/**
 * Watches the files of a policy and reads it anew when one changes. A file is believed when it has stood still for one
 * interval, so that an editor's half-written state is not reported. A file that is gone or wrong changes nothing.
 *
 * @param files absolute paths, those that may appear included
 * @param find finds the policy again, as at the start
 * @param report called between two messages, once for each state of the files that differs from the last
 * @returns stops the watch
 */
export function watchPolicy(
  files: readonly string[],
  find: () => FoundPolicy,
  report: (reload: Reload) => void,
): () => void {
  let watched = files;
  let seen = stamp(watched);
  let pending: string | undefined;
  const timer = setInterval(() => {
    const now = stamp(watched);
    if (now === seen) {
      pending = undefined;
      return;
    }
    if (now !== pending) {
      pending = now;
      return;
    }
    seen = now;
    pending = undefined;
    const reload = read(find);
    if (reload.kind === 'policy') {
      watched = [...new Set([...files, ...reload.found.files])];
      seen = stamp(watched);
    }
    report(reload);
  }, INTERVAL);
  timer.unref();
  return () => clearInterval(timer);
}

function read(find: () => FoundPolicy): Reload {
  try {
    const found = find();
    switch (found.kind) {
      case 'policy':
        // The file is gone and a preset would take its place: that could allow what the file did not.
        if (found.files.length === 0) return { kind: 'kept', reason: 'the policy file is gone' };
        return { kind: 'policy', found };
      case 'problems': {
        const problems = found.problems.map((problem) => formatProblem(problem, found.source));
        return { kind: 'kept', reason: problems.join('; ') };
      }
      case 'none':
        return { kind: 'kept', reason: 'the policy file is gone' };
    }
  } catch (error) {
    return { kind: 'kept', reason: PolicyWrapError.is(error) ? error.message : String(error) };
  }
}

/** Changes with content, rename and disappearance. */
function stamp(files: readonly string[]): string {
  return files
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
      return stat ? `${stat.ino}.${stat.size}.${stat.mtimeNs}.${stat.ctimeNs}` : 'gone';
    })
    .join();
}
