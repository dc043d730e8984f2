import { expect, test } from 'vitest';
import { carryOut } from '../../../src/clients/change/apply.js';
import { planInstall } from '../../../src/clients/change/plan.js';
import { choicesIn, openTarget } from '../../../src/clients/selection.js';
import { Home } from '../home.js';

const GOOD = { command: 'npx', args: ['-y', 'weather'] };
const BROKEN = { command: 'policy-wrap', args: ['--'] };
const UNUSABLE = { command: 7 };

/** What would become of a file's entries. */
function plan(home: Home, entries: object | undefined, named: readonly string[] = []) {
  const path = home.path('c.json');
  if (entries) home.put('c.json', JSON.stringify({ mcpServers: entries }, null, 2));
  const target = openTarget({ client: undefined, config: path, entries: [] }, home.machine);
  return planInstall(choicesIn(target), {}, named, home.io);
}

test('what cannot be wrapped is passed over with its reason, where nobody named it', () => {
  using home = new Home();
  const { changes, notes, started } = plan(home, { good: GOOD, broken: BROKEN, unusable: UNUSABLE });
  expect(changes).toHaveLength(1);
  expect(started.map(({ entry }) => entry.name)).toEqual(['good']);
  expect(notes).toEqual([
    expect.stringContaining('broken: cannot be wrapped: it starts policy-wrap'),
    expect.stringContaining('unusable: cannot be wrapped: '),
  ]);
  const after = JSON.parse(String(changes[0]?.content)).mcpServers;
  expect(after.good.args).toContain(home.wrapper.script);
  expect(after.good.args.slice(-3)).toEqual(['npx', '-y', 'weather']);
  expect([after.broken, after.unusable]).toEqual([BROKEN, UNUSABLE]);
});

test('every name must come to something: one that cannot be wrapped stops all of it, beside others too', () => {
  using home = new Home();
  const entries = { good: GOOD, broken: BROKEN };
  expect(plan(home, entries, ['good']).started).toHaveLength(1);
  expect(() => plan(home, entries, ['good', 'broken'])).toThrow('broken: cannot be wrapped');
  expect(() => plan(home, entries, ['broken'])).toThrow('broken: cannot be wrapped');
  // Nobody named it, and nothing else is there.
  expect(() => plan(home, { broken: BROKEN })).toThrow('broken: cannot be wrapped');
});

test('what is wrapped already stays as it is, and that is said', async () => {
  using home = new Home();
  const first = plan(home, { good: GOOD });
  await carryOut(first.changes, undefined, '', { yes: true }, home.io);
  const again = plan(home, undefined, ['good']);
  expect(again.changes).toEqual([]);
  expect(again.started).toEqual([]);
  expect(again.notes).toEqual([expect.stringContaining('good: wrapped already')]);
});
