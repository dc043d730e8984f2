import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import packageJson from '../../../package.json' with { type: 'json' };
import { count, shortList } from '../../text/count.js';
import { type Check, type Context, type Finding, fail, info, ok, warn } from './runner.js';

/** Node, the database and the clock. */
export const MACHINE_CHECKS: readonly Check[] = [
  { id: 'node', run: node },
  { id: 'sqlite', run: sqlite },
  { id: 'database', run: database },
  { id: 'clock', run: clock },
  { id: 'running', run: running },
  { id: 'pins', run: pins },
];

/** The oldest Node that will do: [20, 19] for `>=20.19`. */
const LEAST_NODE = packageJson.engines.node.replace('>=', '').split('.').map(Number);

/** Folders that are there only as long as a shell is, or until a cache is emptied. */
const PASSING_FOLDER = /fnm_multishells|[\\/]_npx[\\/]/;

function node({ node: { version, path } }: Context): Finding[] {
  const [major = 0, minor = 0] = version.replace('v', '').split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = LEAST_NODE;
  const isOld = major < leastMajor || (major === leastMajor && minor < leastMinor);
  if (isOld) {
    const least = LEAST_NODE.join('.');
    return [fail(`Node ${version} at ${path} is older than ${least}`, `install Node ${least} or later`)];
  }
  if (PASSING_FOLDER.test(path)) {
    return [
      warn(
        `Node ${version} at ${path}, in a folder that may disappear`,
        'put the full path of a Node that stays into the client entry',
      ),
    ];
  }
  return [ok(`${version} at ${path}`)];
}

function sqlite(context: Context): Finding[] {
  const driver = context.sqlite();
  if (driver === 'better-sqlite3') return [ok('the addon better-sqlite3 loads')];
  if (context.env.POLICY_WRAP_SQLITE) return [ok(`node:sqlite, as POLICY_WRAP_SQLITE says`)];
  return [ok("Node's own SQLite: the addon better-sqlite3, which comes first, is not there for this Node")];
}

function database(context: Context): Finding[] {
  const path = context.database;
  const found = context.inspection();
  if (found === undefined) {
    const folder = nearestFolder(path);
    return isWritable(folder)
      ? [ok(`${path} does not exist yet; the first wrapper creates it`)]
      : [
          fail(
            `${path} does not exist, and ${folder} is not writable`,
            'make it writable, or name another file with --db',
          ),
        ];
  }
  if (!found.ours) return [fail(`${path} is the database of another program`, 'name another file with --db')];
  if (found.version > found.knownVersion) {
    const versions = `it is at version ${found.version}, this policy-wrap knows ${found.knownVersion}`;
    return [fail(`${path} was written by a newer policy-wrap: ${versions}`, 'update policy-wrap everywhere')];
  }
  if (found.damage.length > 0) {
    return [
      fail(
        `${path} is damaged: ${shortList(found.damage, 3, '; ')}`,
        'set it aside with "policy-wrap reset --database"; all counts start again from zero',
      ),
    ];
  }
  const findings: Finding[] = [];
  if (found.journalMode !== 'wal' && found.version > 0) {
    findings.push(
      warn(
        `${path} keeps no write-ahead log (${found.journalMode})`,
        'keep it on a local disk; the next wrapper switches it back',
      ),
    );
  }
  if (found.version < found.knownVersion) {
    findings.push(info(`${path} is at version ${found.version}; the next wrapper brings it up to date`));
  }
  return findings.length > 0
    ? findings
    : [ok(`${path}: opens, can be written, write-ahead log, version ${found.version}, nothing damaged`)];
}

/** Rows are written with this machine's clock, so it can be behind them by no more than it was set back. */
const CLOCK_TOLERANCE_MS = 1000;
const EARLIEST = Date.UTC(2026, 0, 1);

function clock(context: Context): Finding[] {
  const now = context.now();
  const time = new Date(now).toISOString();
  const fix = 'set the clock of this machine, and let it synchronise with the network';
  if (now < EARLIEST) return [fail(`the clock says ${time}`, fix)];
  const found = inspectionOf(context);
  if (found && found.countersAhead.count > 0) {
    const { count: ahead, until } = found.countersAhead;
    const was = new Date(until).toISOString();
    return [
      fail(
        `the clock says ${time}, and has said ${was} before: it was set back, and ${count(ahead, 'counter')} charged until then may stay full for as long`,
        'if the clock is correct now: policy-wrap reset --clock; if not, set it and let it synchronise with the network',
      ),
    ];
  }
  const newest = found?.newestAt;
  if (newest !== undefined && now + CLOCK_TOLERANCE_MS < newest) {
    const behind = Math.ceil((newest - now) / 1000);
    return [
      fail(
        `the clock is ${behind} s behind the newest decision in the log; limits that are used up free that much later`,
        fix,
      ),
    ];
  }
  return [ok(time)];
}

function running(context: Context): Finding[] {
  const sessions = inspectionOf(context)?.sessions.filter(({ live }) => live) ?? [];
  return sessions.map(({ server, pid, observe, clientName, policySource }) => {
    const client = clientName === undefined ? '' : ` for ${clientName}`;
    const says = `${server} is wrapped${client} (process ${pid}, policy ${policySource ?? 'none'})`;
    return observe
      ? warn(`${says} with --observe, and refuses nothing`, 'remove --observe from the client entry')
      : info(says);
  });
}

function pins(context: Context): Finding[] {
  const changed = inspectionOf(context)?.changedTools ?? [];
  return changed.map(({ server, tool }) =>
    warn(
      `${tool} of ${server} has changed since it was first seen`,
      `read the difference, then accept it: policy-wrap trust ${server} --dry-run, and without --dry-run`,
    ),
  );
}

/** @returns undefined also where the database cannot be read, which its own check tells */
function inspectionOf(context: Context) {
  try {
    return context.inspection();
  } catch {
    return undefined;
  }
}

function nearestFolder(path: string): string {
  let folder = dirname(path);
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
