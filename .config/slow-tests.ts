/**
 * Test files that start many processes or wait for real time, the slowest first. They are begun first, so that no
 * worker is left alone with one at the end, and `npm run check` leaves them out.
 */
export const SLOW_TESTS = [
  'test/readme.test.ts',
  'test/docs/blocks.test.ts',
  'test/recording/',
  'test/page/browser/',
  'test/e2e/',
  'test/cli/commands/policy-commands.test.ts',
  'test/cli/commands/init.test.ts',
  'test/cli/commands/install.test.ts',
  'test/cli/commands/escaping.test.ts',
  'test/cli/commands/replay.test.ts',
  'test/cli/doctor.test.ts',
  'test/cli/threats-table.test.ts',
  'test/cli/threats-fragments.test.ts',
  'test/store/lost-log.test.ts',
  'test/store/processes.test.ts',
  'test/store/postgres/crashes.test.ts',
  'test/store/postgres/machines.test.ts',
];
