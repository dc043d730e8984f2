import { execFile } from 'node:child_process';
import { basename, delimiter, dirname } from 'node:path';
import { hasVariable, triedPath } from '../config/paths.js';
import { printable } from '../text/escape.js';
import { holdsSecret, soundsSecret } from '../text/masking.js';
import { pathFolders } from '../upstream/environment.js';
import { isWrapped, wrappedOf } from './entries.js';
import type { Finding } from './finding.js';
import { installCommand } from './install-command.js';
import { allEntries, type FoundEntry, type PlaceReport } from './inventory.js';
import { type Machine, thisMachine } from './machine.js';
import { findNames } from './names.js';
import type { Drift } from './wrapped-command.js';
import { DB_FLAGS, optionValue, POLICY_FLAGS } from './wrapper-options.js';

/** Files that cannot be read, and entries that start the wrapper without a server. */
function findUnreadable(reports: readonly PlaceReport[]): Finding[] {
  const told = new Set<string>();
  return reports.flatMap(({ client, place, state }): Finding[] => {
    const base = { client: client.id, path: place.path };
    if (state.kind === 'absent') return [];
    // A file that holds two scopes is broken once.
    if (state.kind === 'unreadable' && told.size === told.add(place.path).size) return [];
    if (state.kind === 'unreadable')
      return [
        {
          ...base,
          code: 'UNREADABLE',
          entry: undefined,
          message: printable(state.problem),
          fix: state.fix ?? `Mend the file; ${client.name} may be ignoring all of it.`,
        },
      ];
    return state.entries.flatMap(({ entry }): Finding[] =>
      entry.kind === 'stdio' && entry.state.kind === 'broken'
        ? [
            {
              ...base,
              code: 'BROKEN_ENTRY',
              entry: entry.name,
              message: `${printable(entry.name)} ${entry.state.reason}.`,
              fix: 'Write `--` and the server behind the options of policy-wrap.',
            },
          ]
        : [],
    );
  });
}

const DRIFT = {
  'node-gone': { code: 'NODE_GONE', says: 'is gone: the server cannot start' },
  'script-gone': { code: 'SCRIPT_GONE', says: 'is gone: the server cannot start' },
  'other-script': { code: 'OTHER_SCRIPT', says: 'is another copy of policy-wrap than this one' },
} as const satisfies Record<Drift, { code: Finding['code']; says: string }>;

/** Wrapped entries whose Node or script is gone, or which start another copy of the wrapper. */
function findDrift(reports: readonly PlaceReport[]): Finding[] {
  return allEntries(reports).flatMap((found): Finding[] => {
    const { entry, drift } = found;
    const { node = '', script = '' } = wrappedOf(entry) ?? {};
    const name = printable(entry.name);
    return drift.map((kind) => ({
      ...placeOf(found),
      code: DRIFT[kind].code,
      message: `${name} starts ${printable(kind === 'node-gone' ? node : script)}, which ${DRIFT[kind].says}.`,
      fix: wrapAnew(found),
    }));
  });
}

const placeOf = ({ client, place, entry }: FoundEntry) => ({
  client: client.id,
  path: place.path,
  entry: entry.name,
});

const wrapAnew = ({ client, place, entry }: FoundEntry) => installCommand(client.id, entry.name, place.scope);

/** Wrapped entries that leave the database to chance, or name files by paths that a wrapper refuses. */
function findPlaces(reports: readonly PlaceReport[], machine: Machine): Finding[] {
  return allEntries(reports).flatMap((found): Finding[] => {
    const { entry } = found;
    const wrapped = wrappedOf(entry);
    if (!wrapped) return [];
    const { options } = wrapped;
    const base = placeOf(found);
    const name = printable(entry.name);
    const fix = wrapAnew(found);
    const written: [named: string, text: string | undefined][] = [
      ['--db', optionValue(options, DB_FLAGS)],
      ['--policy', optionValue(options, POLICY_FLAGS)],
      ['POLICY_WRAP_DB', entry.env.get('POLICY_WRAP_DB')],
      ['POLICY_WRAP_POLICY', entry.env.get('POLICY_WRAP_POLICY')],
    ];
    const moving = written.flatMap(([named, text]): Finding[] => {
      if (text === undefined) return [];
      const { problem } = triedPath(text, named, machine.cwd, machine);
      if (problem === undefined) return [];
      const client = hasVariable(text) ? ', unless the client fills it in' : '';
      const message = `${name}: ${printable(problem)}. The wrapper refuses to start${client}.`;
      return [
        {
          ...base,
          code: 'MOVING_PLACE',
          message,
          fix: named === '--db' && !hasVariable(text) ? fix : `Write an absolute path.`,
        },
      ];
    });
    const namesDatabase = written.some(([named, text]) => /DB|--db/.test(named) && text);
    if (namesDatabase) return moving;
    const message = `${name} names no database (--db): which one it uses depends on who starts it.`;
    return [...moving, { ...base, code: 'NO_DATABASE', message, fix }];
  });
}

/**
 * Entries that are wrapped in one of Claude Desktop's two files and bare, or missing, in the other. A packaged (MSIX)
 * install reads a file of its own in place of the usual one.
 */
function findMsixTwins(reports: readonly PlaceReport[]): Finding[] {
  const packaged = reports.filter(({ place }) => place.variant === 'MSIX');
  return packaged.flatMap((msix) => {
    const usual = reports.filter(
      ({ client, place }) =>
        client.id === msix.client.id && place.scope === msix.place.scope && place.variant === undefined,
    );
    return usual.flatMap((other) => [...compare(msix, other), ...compare(other, msix)]);
  });
}

function compare(here: PlaceReport, there: PlaceReport): Finding[] {
  if (here.state.kind !== 'read') return [];
  const others = there.state.kind === 'read' ? there.state.entries : [];
  return here.state.entries.flatMap(({ entry }): Finding[] => {
    if (!isWrapped(entry)) return [];
    const twin = others.find(({ entry: other }) => other.name === entry.name);
    // Missing from the usual file is harmless: a packaged install does not read that one.
    if (twin === undefined && there.place.variant === undefined) return [];
    if (twin !== undefined && isWrapped(twin.entry)) return [];
    const name = printable(entry.name);
    return [
      {
        code: 'MSIX_TWIN',
        client: here.client.id,
        path: there.place.path,
        entry: entry.name,
        message:
          twin === undefined
            ? `${name} is wrapped in ${here.place.path}, which a packaged ${here.client.name} does not read.`
            : `${name} is wrapped in ${here.place.path}, but not here; a packaged ${here.client.name} reads only one of the two.`,
        fix:
          twin === undefined
            ? `Put the entry into this file as well, or remove the packaged install.`
            : installCommand(here.client.id, entry.name, there.place.scope),
      },
    ];
  });
}

/** Entries that start, without the wrapper, a server that is wrapped elsewhere. */
function findUnwrappedTwins(reports: readonly PlaceReport[]): Finding[] {
  return allEntries(reports).flatMap((found): Finding[] => {
    const [twin] = found.twins;
    if (twin === undefined) return [];
    const message = `${printable(found.entry.name)} starts the server of ${twin.client} ${printable(twin.name)} without a policy.`;
    return [{ ...placeOf(found), code: 'UNWRAPPED_TWIN', message, fix: wrapAnew(found) }];
  });
}

/**
 * Project files with a secret in them that git tracks.
 *
 * @param isTracked undefined where it cannot be determined, as without git: then nothing is said
 */
export async function findTrackedSecrets(
  reports: readonly PlaceReport[],
  isTracked: (path: string) => Promise<boolean | undefined> = trackedByGit,
): Promise<Finding[]> {
  const secret = allEntries(reports).flatMap((found): Finding[] => {
    const { place, entry } = found;
    if (place.scope !== 'project') return [];
    const names = [...entry.env]
      .filter(([name, value]) => soundsSecret(name) && isLiteral(value))
      .map(([name]) => printable(name));
    if (entry.kind === 'stdio' && holdsSecret(entry.words)) names.push('arguments');
    if (names.length === 0) return [];
    return [
      {
        ...placeOf(found),
        code: 'TRACKED_SECRET',
        message: `${printable(entry.name)} has a secret (${names.join(', ')}) in a file that git tracks.`,
        fix: `Replace the secret, which the history keeps, and refer to the new one as the client allows (\${NAME}).`,
      },
    ];
  });
  const tracked = new Map<string, boolean>();
  for (const { path } of secret) if (!tracked.has(path)) tracked.set(path, (await isTracked(path)) === true);
  return secret.filter(({ path }) => tracked.get(path) === true);
}

/** Not a reference to a value kept elsewhere, in any client's notation; a default (`${NAME:-value}`) is a value. */
function isLiteral(value: string): boolean {
  return value !== '' && !/^(?:\$\{(?:(?!:-)[^}])*\}|\$\w+|%\w+%)$/.test(value);
}

/** Asks git; undefined when there is no git, or no repository. */
export function trackedByGit(path: string): Promise<boolean | undefined> {
  return new Promise((done) => {
    // A repository's own settings may name a program to run; this one is looked into, not trusted.
    const args = ['-c', 'core.fsmonitor=false', 'ls-files', '--error-unmatch', '--', basename(path)];
    // Nor is a `git` in its folder, which a relative folder of PATH would find.
    const PATH = pathFolders(process.env.PATH ?? '').join(delimiter);
    const env = process.platform === 'win32' ? process.env : { ...process.env, PATH };
    const options = { cwd: dirname(path), env, timeout: 5_000, windowsHide: true };
    execFile('git', args, options, (error) => {
      if (error === null) done(true);
      // Exit code 1 is git's answer for a file that it does not know; anything else is no answer.
      else done(error.code === 1 ? false : undefined);
    });
  });
}

/** All that can be said about clients, in the order in which it matters. */
export async function findAll(
  reports: readonly PlaceReport[],
  isTracked: (path: string) => Promise<boolean | undefined> = trackedByGit,
  machine: Machine = thisMachine(),
): Promise<Finding[]> {
  return [
    ...findUnreadable(reports),
    ...findDrift(reports),
    ...findPlaces(reports, machine),
    ...findMsixTwins(reports),
    ...findUnwrappedTwins(reports),
    ...findNames(reports),
    ...(await findTrackedSecrets(reports, isTracked)),
  ];
}
