import { expect } from 'vitest';
import { charge, limit } from '../support-shapes.js';
import { newTeam, sharedCluster, test } from './support.js';

const at = sharedCluster();

test('what the engine refuses says which role is missing, and how it is given', async () => {
  await using team = await newTeam(at.cluster);
  const bob = team.store('bob');
  for (const [work, role] of [
    [() => bob.resetCounter('x', {}, 'cli'), 'owner'],
    [() => bob.acceptHistory('cli'), 'owner'],
    [() => bob.resume(undefined, 'cli'), 'approver or owner'],
    [() => bob.revokeBudget('x', 'cli'), 'approver or owner'],
  ] as const)
    await expect(work()).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringMatching(
        new RegExp(`(?:bob|login bob) has no role ${role} in team ${team.name}`),
      ),
    });
  const dave = team.wrapper('dave');
  await expect(dave.admit(charge(limit()))).rejects.toMatchObject({
    message: expect.stringContaining('dave has no role wrapper'),
    hint: expect.stringContaining('store grant dave wrapper'),
  });
});

test('a database, a login and a team that are not there are named', async () => {
  await using team = await newTeam(at.cluster);
  const address = at.cluster.address(team.name, 'alice');
  await expect(
    team.store('alice', { address: { ...address, database: 'nodb' } }).pauses(),
  ).rejects.toMatchObject({
    hint: expect.stringContaining('its path names the database, nodb'),
  });
  await expect(team.store('admin').grant('nobody-here', 'wrapper')).rejects.toMatchObject({
    hint: expect.stringContaining('CREATE ROLE'),
  });
  await expect(
    team.store('alice', { address: { ...address, team: 'biling' } }).pauses(),
  ).rejects.toMatchObject({
    hint: expect.stringContaining('Or the address names another team'),
  });
});
