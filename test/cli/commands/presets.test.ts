import { expect, test } from 'vitest';
import { PRESETS } from '../../../src/catalog/servers.js';
import { presets } from '../../../src/cli/commands/presets.js';
import { loadPolicy } from '../../../src/policy/read/load.js';
import { FakeTerminal } from './support.js';

async function run(name: string | undefined, options: { json?: boolean } = {}): Promise<string> {
  const terminal = new FakeTerminal();
  expect(await presets(name, options, terminal)).toBe(0);
  return terminal.out.text;
}

test('lists every preset with what it is for', async () => {
  const list = await run(undefined);
  const { presets: listed } = JSON.parse(await run(undefined, { json: true }));
  for (const { name, title } of PRESETS) {
    expect(list).toMatch(new RegExp(`^${name} +${title}$`, 'm'));
    expect(listed).toContainEqual({ name, title });
  }
});

test('prints one as it stands in a file of a person, which does not tell them to copy it', async () => {
  for (const { name, title, text: shipped } of PRESETS) {
    const text = await run(name);
    expect(JSON.parse(await run(name, { json: true }))).toEqual({ version: 1, name, title, text });
    expect(text).not.toMatch(/policy-wrap presets|my\.json|shipped policy/);
    const [printed, meant] = [text, shipped].map((each) => loadPolicy(each, 'x'));
    expect(printed?.problems).toEqual(meant?.problems);
    // Nothing but what is said about copies is another.
    expect(text.split('\n').filter((line) => !shipped.includes(line)).length).toBeLessThan(3);
  }
});

test('a name that is none is a mistake of the line, with those that there are', async () => {
  await expect(run('nope')).rejects.toMatchObject({
    code: 'USAGE',
    hint: `There are: ${PRESETS.map(({ name }) => name).join(', ')}.`,
  });
});
