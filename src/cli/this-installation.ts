import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { knownServer } from '../catalog/servers.js';
import type { ClientsIo } from '../clients/io.js';
import { thisMachine } from '../clients/machine.js';
import { runningCommands } from '../clients/running-apps.js';
import type { Wrapper } from '../clients/wrapped-command.js';
import { configDirs, dataDir, surroundings } from '../config/paths.js';
import { policyPlaces, stateFile } from '../config/policy-files.js';
import { serversIn } from '../store/sqlite/inspect.js';
import { liveServer } from '../upstream/list-tools.js';
import type { LiveServer } from '../upstream/live-server.js';
import { serverName } from '../upstream/server-name.js';
import type { ServerSource } from '../upstream/upstream.js';
import { busy } from './progress.js';
import type { Terminal } from './terminal.js';

/** What starts this installation. The sources and the bundles (dist/parts/) are as deep below its root. */
const BIN = fileURLToPath(new URL('../../bin/policy-wrap.js', import.meta.url));

/** What wrapped entries start: this Node and this installation. */
export function thisWrapper(): Wrapper {
  return { node: process.execPath, script: BIN };
}

/** The folder of this installation. */
export const thisRoot = () => dirname(dirname(BIN));

export const thisNode = () => ({ version: process.version, path: process.execPath });

/** The number of the account that this process runs for; undefined on Windows. */
export const thisAccount = () => process.getuid?.();

/** Kills a process so that it can do nothing more, as a crash does. */
export function endAbruptly(pid: number): void {
  process.kill(pid, 'SIGKILL');
}

/** The terminal, with this machine's clients. */
export interface ClientsTerminal extends Terminal, ClientsIo {
  ask: Terminal['ask'];
  readonly out: Terminal['out'];
  readonly err: Terminal['err'];
  /** The folder of the policies that are named after their servers. */
  readonly policyFolder: string;
  /** Starts a server as a client would, and lists its tools. @throws PolicyWrapError */
  toolsOf(
    server: ServerSource,
    env: Readonly<Record<string, string>>,
    cwd: string | undefined,
  ): Promise<LiveServer>;
}

/** What the commands about clients need. */
export function clientsTerminal(terminal: Terminal): ClientsTerminal {
  const machine = thisMachine();
  const toolsOf: ClientsTerminal['toolsOf'] = (server, env, cwd) =>
    liveServer(server, { env, cwd, install: false });
  return {
    ...terminal,
    busy: (what, work) => busy(what, work, terminal.err),
    policyFolder: configDirs(surroundings())[0],
    toolsOf,
    machine,
    wrapper: thisWrapper(),
    backups: join(dataDir(surroundings()), 'backups'),
    processes: () => runningCommands(machine.platform),
    probe: async (command, args, env, cwd) => (await toolsOf([command, ...args], env, cwd)).tools.length,
    variablesOf: (words) =>
      (knownServer(serverName(words))?.environment ?? []).map(({ name, what, secret, required }) => ({
        name,
        description: what,
        secret,
        required,
      })),
    database: () => stateFile(undefined),
    policyOf: (names) => policyPlaces({}, names).find(existsSync),
    namesIn: serversIn,
  };
}
