import { expect, test } from 'vitest';
import { PRESETS } from '../../../src/catalog/servers.js';
import { presets } from '../../../src/cli/commands/presets.js';
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

test('prints one as it is, so that a redirect copies it', async () => {
  for (const { name, title, text } of PRESETS) {
    expect(await run(name)).toBe(text);
    expect(JSON.parse(await run(name, { json: true }))).toEqual({ version: 1, name, title, text });
  }
});

test('a name that is none is a mistake of the line, with those that there are', async () => {
  await expect(run('nope')).rejects.toMatchObject({
    code: 'USAGE',
    hint: `There are: ${PRESETS.map(({ name }) => name).join(', ')}.`,
  });
});
