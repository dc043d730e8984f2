import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Backup, listedBackups } from './backups.js';

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

/** The text of a version; only of one that `policyVersions` names. */
export function versionText(file: string, version: string): string | undefined {
  const found = policyVersions(file).find(({ path }) => path === version || basename(path) === version);
  return found && readFileSync(found.path, 'utf8');
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
