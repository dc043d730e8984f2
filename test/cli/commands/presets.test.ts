import { expect, test } from 'vitest';
import { PRESETS } from '../../../src/catalog/servers.js';
import { command } from '../../support/command.js';
import { Rig } from '../../support/rig.js';

test('lists every preset with what it is for', async () => {
  await using rig = new Rig();
  const { code, stdout } = await command(rig, ['presets']);
  expect(code).toBe(0);
  for (const { name, title } of PRESETS) expect(stdout).toMatch(new RegExp(`^${name} +${title}$`, 'm'));
  const json = JSON.parse((await command(rig, ['presets', '--json'])).stdout);
  expect(json).toEqual({ version: 1, presets: PRESETS.map(({ name, title }) => ({ name, title })) });
});

test('prints one as it is, so that a redirect copies it', async () => {
  await using rig = new Rig();
  const [preset] = PRESETS;
  expect(await command(rig, ['presets', preset!.name])).toEqual({
    code: 0,
    stdout: preset!.text,
    stderr: '',
  });
  const json = JSON.parse((await command(rig, ['presets', preset!.name, '--json'])).stdout);
  expect(json).toEqual({ version: 1, ...preset });
});

test('a name that is none exits 2, with those that there are', async () => {
  await using rig = new Rig();
  const { code, stdout, stderr } = await command(rig, ['presets', 'afipp']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('afip, afip-monotributo');
});
