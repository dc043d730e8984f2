import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { SLOW_TESTS } from './slow-tests.js';

/** Slow files first; the others in vitest's own order. */
class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const path = relative(process.cwd(), moduleId).replaceAll('\\', '/');
  const at = SLOW_TESTS.findIndex((slow) => path.startsWith(slow));
  return at === -1 ? SLOW_TESTS.length : at;
}

/** The whole suite. It runs the built command: `npm run build` comes first. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Where there is no pseudo terminal, nobody can start the page.
    exclude: [
      ...['test/interop/**', 'test/bench/**'],
      ...(process.platform === 'win32' ? ['test/page/browser/**'] : []),
    ],
    globalSetup: '.config/suite-folder.ts',
    // A worker takes one file after the other, and has its modules already: a process of its own costs a file half a
    // second of a processor. So nothing may be left behind for the next one.
    isolate: false,
    setupFiles: '.config/nothing-left.ts',
    unstubEnvs: true,
    unstubGlobals: true,
    restoreMocks: true,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A poll ends as soon as it is met: the bound is for a loaded machine.
    expect: { poll: { timeout: 30_000 } },
    // Tests wait for processes that they started: one worker more than there are processors. Two more took longer.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: SlowFirst },
    // Some tests hold processor time against a bound. Where nobody watches, one that fails is run once more, and the
    // summary says so; a fault fails twice.
    retry: process.env.CI ? 1 : 0,
    // Quiet when green: a summary, and what failed.
    reporters: ['minimal'],
  },
});
