import { expect } from 'vitest';
import { charge, limit } from '../support-shapes.js';
import { newTeam, sharedCluster, test } from './support.js';

const at = sharedCluster();

test('G4: two machines draw from one count', async () => {
  await using team = await newTeam(at.cluster);
  const one = team.wrapper('alice');
  const other = team.wrapper('bob');
  const rate = limit({ max: 3 });
  expect((await one.admit(charge(rate))).kind).toBe('allowed');
  expect((await other.admit(charge(rate, 2))).kind).toBe('allowed');
  const refused = await one.admit(charge(rate));
  expect(refused).toMatchObject({ kind: 'exceeded' });
});
