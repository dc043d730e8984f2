import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PolicyWrapError } from '../errors.js';
import { type Backup, listedBackups } from './backups.js';
import { readTextFile } from './text-file.js';

/** Versions of a policy that are kept; the oldest go. */
export const VERSIONS_KEPT = 50;

/** An earlier version of a policy file. */
export interface PolicyVersion {
  /** Absolute. */
  readonly path: string;
  /** When it was replaced; UTC milliseconds. */
  readonly replacedAt: number;
}

/** The folder beside a policy in which its earlier versions are kept, whoever replaced them. @param file its real path */
export function historyFolder(file: string): string {
  return join(dirname(file), 'policy-history');
}

/** The earlier versions of a policy, the newest first. @param file its real path */
export function policyVersions(file: string): PolicyVersion[] {
  const folder = historyFolder(file);
  return listedBackups(file, folder).map(({ name, stamp }: Backup) => ({
    path: join(folder, name),
    replacedAt: timeOf(stamp),
  }));
}

/** The text of a version; only of one that `policyVersions` names, and that a policy's file could have. */
export function versionText(file: string, version: string): string | undefined {
  const found = policyVersions(file).find(({ path }) => path === version || basename(path) === version);
  try {
    return found && readTextFile(found.path, 'the version', 'POLICY_INVALID');
  } catch (error) {
    if (PolicyWrapError.is(error)) return undefined;
    throw error;
  }
}

/** What the versions of a policy are kept under: its real path, also when it was deleted. */
export function keptUnder(file: string): string {
  if (existsSync(file)) return realpathSync(file);
  const folder = dirname(file);
  return existsSync(folder) ? join(realpathSync(folder), basename(file)) : file;
}

/** The policies of a folder that were deleted and have versions; their paths in it. */
export function deletedPolicies(folder: string): string[] {
  const kept = historyFolder(join(folder, 'any.json'));
  if (!existsSync(kept)) return [];
  const names = readdirSync(kept).flatMap(
    (name) => /^(.+\.json)\.[0-9a-f]{12}\.[^.]+\.bak$/.exec(name)?.[1] ?? [],
  );
  return [...new Set(names)]
    .map((name) => join(folder, name))
    .filter((file) => !existsSync(file) && policyVersions(keptUnder(file)).length > 0);
}

/** `20261122T110512345Z` */
function timeOf(stamp: string): number {
  const [, year, month, day, hour, minute, second, ms] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/.exec(stamp) ?? [];
  return Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    Number(ms),
  );
}
