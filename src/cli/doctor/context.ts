import { knownServerAmong } from '../../catalog/servers.js';
import { optionsOf } from '../../clients/entries.js';
import { thisMachine } from '../../clients/machine.js';
import { optionValue, POLICY_FLAGS, PRESET_FLAGS } from '../../clients/wrapper-options.js';
import { configDirs, surroundings } from '../../config/paths.js';
import { type PolicyOptions, policyFilesIn, readPolicy, stateFile } from '../../config/policy-files.js';
import type { RemoteOptions } from '../../config/run-options.js';
import { findPolicy } from '../../config/shipped-policies.js';
import { connect } from '../../store/sqlite/driver.js';
import { inspect, serversIn } from '../../store/sqlite/inspect.js';
import { liveServer } from '../../upstream/list-tools.js';
import { otherDatabases } from '../databases.js';
import { wrappedAt } from '../entry-meant.js';
import { namedServer } from '../named-server.js';
import type { Terminal } from '../terminal.js';
import { thisAccount, thisNode, thisWrapper } from '../this-installation.js';
import type { Context } from './runner.js';

type DoctorContextOptions = PolicyOptions &
  RemoteOptions & { readonly db?: string; readonly store?: string; readonly server?: string };

/** What the wrapped entry of an address says, where the person names nothing else. */
function heldByEntry({ url, server, policy, preset }: DoctorContextOptions): Partial<DoctorContextOptions> {
  const meant = url === undefined || server !== undefined ? undefined : wrappedAt(url);
  if (meant === undefined) return {};
  const options = optionsOf(meant.entry);
  const [file, shipped] = [optionValue(options, POLICY_FLAGS), optionValue(options, PRESET_FLAGS)];
  const isNamed = policy !== undefined || preset !== undefined;
  return {
    server: meant.server,
    ...(!isNamed && file !== undefined && { policy: file }),
    ...(!isNamed && shipped !== undefined && { preset: shipped }),
  };
}

/** @param argv the server's command and its arguments; empty when no server is asked about */
export function contextOf(argv: readonly string[], asked: DoctorContextOptions, terminal: Terminal): Context {
  const machine = thisMachine();
  const options = { ...asked, ...heldByEntry(asked) };
  const { source, names, words } = namedServer(argv, options, machine.cwd);
  const server = names[0] === '' ? undefined : names[0];
  const around = surroundings();
  const configFolders = configDirs(around);
  const named = [options.policy, options.preset, around.env.POLICY_WRAP_POLICY].some(Boolean);
  // Never through npm: that would put a package on the machine.
  const live = once(() => liveServer(source ?? [], { install: false }));
  return {
    node: thisNode(),
    account: thisAccount(),
    env: terminal.env,
    configFolder: configFolders[0],
    database: stateFile(options.db),
    store: options.store,
    server,
    known: knownServerAmong(names),
    now: () => terminal.now(),
    sqlite: () => {
      const db = connect(':memory:', 0);
      db.close();
      return db.driver;
    },
    inspection: once(() => inspect(stateFile(options.db), terminal.now())),
    others: once(() => otherDatabases(stateFile(options.db))),
    inspect: (path) => inspect(path, terminal.now()),
    policies: once(() =>
      server !== undefined || named
        ? [findPolicy(options, names, words)]
        : policyFilesIn(configFolders).map(readPolicy),
    ),
    policyFiles: () => policyFilesIn(configFolders),
    namesIn: serversIn,
    live,
    tools: async () => {
      if (source === undefined) return undefined;
      const listed = await live().catch(() => undefined);
      return listed?.tools;
    },
    source,
    words,
    machine,
    wrapper: thisWrapper(),
  };
}

/** Remembers what was made, or thrown. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | { readonly error: unknown } | undefined;
  return () => {
    if (made === undefined) {
      try {
        made = { value: make() };
      } catch (error) {
        made = { error };
      }
    }
    if ('error' in made) throw made.error;
    return made.value;
  };
}
