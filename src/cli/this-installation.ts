import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { knownServer } from '../catalog/servers.js';
import { type ClientsIo, terminalIo } from '../clients/io.js';
import { thisMachine } from '../clients/machine.js';
import { runningCommands } from '../clients/running-apps.js';
import type { Wrapper } from '../clients/wrapped-command.js';
import { dataDir, surroundings } from '../config/paths.js';
import { policyPlaces, stateFile } from '../config/policy-files.js';
import { liveServer } from '../upstream/list-tools.js';
import { serverName } from '../upstream/server-name.js';

/** What wrapped entries start: this Node and this installation. */
export function thisWrapper(): Wrapper {
  return {
    node: process.execPath,
    script: fileURLToPath(new URL('../../bin/policy-wrap.js', import.meta.url)),
  };
}

/** What the commands about clients need, taken from this process and this machine. */
export function clientsIo(): ClientsIo {
  return {
    ...terminalIo(),
    machine: thisMachine(),
    wrapper: thisWrapper(),
    backups: join(dataDir(surroundings()), 'backups'),
    now: () => new Date(),
    processes: () => runningCommands(process.platform),
    probe: async (command, args, env, cwd) =>
      (await liveServer([command, ...args], { env, cwd, install: false })).tools.length,
    variablesOf: (words) =>
      (knownServer(serverName(words))?.environment ?? []).map(({ name, what, secret, required }) => ({
        name,
        description: what,
        secret,
        required,
      })),
    database: () => stateFile(undefined),
    policyOf: (server) => policyPlaces({}, server).find(existsSync),
    serverName: (words) => serverName(words),
  };
}
