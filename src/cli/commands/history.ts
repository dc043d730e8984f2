import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import * as z from 'zod';
import { readSnapshot } from '../../clients/files/read.js';
import { assertNotPacked } from '../../config/bundle.js';
import { configDirs, surroundings } from '../../config/paths.js';
import { policyFileName, policyFilesIn, policyPlaces } from '../../config/policy-files.js';
import {
  deletedPolicies,
  keptUnder,
  type PolicyVersion,
  policyVersions,
  VERSIONS_KEPT,
  versionText,
} from '../../config/policy-history.js';
import { saveDraft } from '../../draft/save.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { count } from '../../text/count.js';
import { printable } from '../../text/escape.js';
import { printJson } from '../json-output.js';
import type { StateOptions } from '../open-state.js';
import * as parts from '../output-parts.js';
import { assertPerson, confirm } from '../person.js';
import { policyDiff, shownLine } from '../policy-diff.js';
import { holdsText, policyOfServer, wrappersUnder } from '../policy-in-force.js';
import { type Cell, table } from '../table.js';
import type { Terminal } from '../terminal.js';
import { isoTime, localTime } from '../time.js';

export interface HistoryOptions extends StateOptions {
  readonly show?: string | undefined;
  readonly json?: boolean | undefined;
}

/** What `history --json` prints. */
export const OUTPUT = z.union([
  parts.result({
    policies: z.array(
      z.object({
        file: z.string(),
        versions: parts.count('that are kept'),
        changedAt: parts.time('last changed').nullable(),
      }),
    ),
  }),
  parts.result({
    file: z.string(),
    versions: z
      .array(
        z.object({
          version: z.number().int().describe('as rollback takes it: 1 is the one before'),
          name: parts.text('of the file that keeps it'),
          replacedAt: parts.time('replaced'),
          lines: parts.count('of the text'),
        }),
      )
      .describe('the newest first'),
  }),
]);

export interface RollbackOptions extends StateOptions {
  readonly dryRun?: boolean | undefined;
  readonly yes?: boolean | undefined;
}

/** A policy file with what it said before. */
interface Kept {
  /** As it is named to people. */
  readonly file: string;
  /** What its versions are kept under. */
  readonly real: string;
  /** The newest first. */
  readonly versions: readonly PolicyVersion[];
}

/**
 * Lists the earlier versions of a policy, prints one, or lists every policy that has some.
 *
 * @param policy a server's name, or a path
 * @throws PolicyWrapError NOT_FOUND, POLICY_NOT_FOUND, USAGE
 */
export async function history(
  policy: string | undefined,
  options: HistoryOptions,
  io: Terminal,
): Promise<number> {
  if (policy === undefined) {
    if (options.show !== undefined) throw new PolicyWrapError('USAGE', '--show: of which policy?');
    return listAll(options, io);
  }
  const kept = keptOf(policy, options, io);
  if (options.show !== undefined) {
    const text = textOf(kept, options.show);
    // To a file it goes byte for byte; on a screen nothing moves the cursor.
    await io.out.write(io.out.isTerminal ? shownLines(text) : text);
    return EXIT.done;
  }
  const { file, real, versions } = kept;
  const rows = versions.map(({ path, replacedAt }, at) => ({
    version: at + 1,
    name: basename(path),
    replacedAt,
    lines: linesOf(versionText(real, path) ?? ''),
  }));
  if (options.json) {
    const listed = rows.map((row) => ({ ...row, replacedAt: isoTime(row.replacedAt) }));
    await printJson(io, OUTPUT, { file, versions: listed });
    return EXIT.done;
  }
  await io.out.write(`${printable(file)}\n`);
  await io.out.write(
    table(
      io.out,
      rows.map(({ version, replacedAt, lines }): Cell[] => [
        `${version}`,
        `replaced ${localTime(replacedAt)}`,
        { text: count(lines, 'line'), style: 'dim' },
      ]),
      { indent: '  ' },
    ),
  );
  const name = printable(policy);
  await io.err.write(
    versions.length === 0
      ? `No earlier version is kept. The last ${VERSIONS_KEPT} are, from the first change by a command or on the page.\n`
      : `Show one: policy-wrap history ${name} --show 1; put one back: policy-wrap rollback ${name} 1\n`,
  );
  return EXIT.done;
}

async function listAll({ json }: HistoryOptions, io: Terminal): Promise<number> {
  const all = [...policyFilesIn(), ...deleted()]
    .map((file) => keptIn(file))
    .filter(({ versions }) => versions.length > 0);
  if (json) {
    await printJson(io, OUTPUT, {
      policies: all.map(({ file, versions }) => ({
        file,
        versions: versions.length,
        changedAt: isoTime(versions[0]?.replacedAt),
      })),
    });
    return EXIT.done;
  }
  await io.out.write(
    table(
      io.out,
      all.map(({ file, versions }): Cell[] => [
        printable(file),
        count(versions.length, 'version'),
        `changed ${localTime(versions[0]?.replacedAt ?? 0)}`,
      ]),
    ),
  );
  if (all.length === 0)
    await io.err.write('No policy in the config folder was changed by a command or on the page yet.\n');
  return EXIT.done;
}

/**
 * Puts an earlier version of a policy back, after a person saw the difference. What is replaced becomes a version too.
 *
 * @param version its number in `history`, or the name of its file; undefined for the one before
 * @throws PolicyWrapError REFUSED where no person sits; NOT_FOUND, POLICY_NOT_FOUND, USAGE, POLICY_INVALID, CONFIG_CONFLICT
 */
export async function rollback(
  policy: string,
  version: string | undefined,
  options: RollbackOptions,
  io: Terminal,
): Promise<number> {
  // An earlier version may allow more.
  if (!options.dryRun) assertPerson('rollback', io);
  const kept = keptOf(policy, options, io);
  const { file } = kept;
  assertNotPacked(file);
  const text = textOf(kept, version ?? '1');
  const there = readSnapshot(file)?.text ?? '';
  if (there === text && existsSync(file)) {
    await io.out.write(`Nothing to change: ${printable(file)} says so already.\n`);
    return EXIT.done;
  }
  await io.out.write(policyDiff(file, there, text, io.out));
  if (options.dryRun) return EXIT.done;
  if (!(await confirm('Put this version back?', options, io))) return EXIT.failed;
  const saved = saveDraft(file, there, text, io.now());
  switch (saved.kind) {
    case 'invalid': {
      const [problem] = saved.problems;
      throw new PolicyWrapError('POLICY_INVALID', problem?.message ?? 'this version is no policy', {
        hint: 'That version cannot be used now. Nothing was written.',
      });
    }
    case 'conflict':
      throw new PolicyWrapError('CONFIG_CONFLICT', `${file} was changed while you looked`, {
        hint: 'Nothing was written; try again.',
      });
    default:
      await io.out.write(`Written: ${printable(file)}\n`);
      if (saved.kind === 'saved' && saved.kept !== undefined)
        await io.out.write(`Before:  ${printable(saved.kept)}\n`);
      await io.out.write(
        `${holdsText(wrappersUnder(file, options, io), 'No wrapper runs under this policy')}\n`,
      );
      return EXIT.done;
  }
}

/** @throws PolicyWrapError NOT_FOUND, POLICY_NOT_FOUND */
function keptOf(policy: string, options: StateOptions, io: Terminal): Kept {
  const isPath = /[\\/]/.test(policy) || policy.endsWith('.json');
  const file = isPath ? (policyPlaces({ policy }, [])[0] ?? policy) : fileOf(policy, options, io);
  const kept = keptIn(file);
  // One that was deleted can be put back.
  if (kept.versions.length > 0 || existsSync(file)) return kept;
  throw new PolicyWrapError('POLICY_NOT_FOUND', `no policy file ${printable(file)}`, {
    hint: 'Name a server, or a policy file; policy-wrap history lists those that were changed.',
  });
}

const deleted = () => configDirs(surroundings()).flatMap(deletedPolicies);

/** @throws PolicyWrapError NOT_FOUND, POLICY_NOT_FOUND */
function fileOf(server: string, options: StateOptions, io: Terminal): string {
  try {
    return policyOfServer(server, options, io).file;
  } catch (error) {
    // Nothing may know the server any more but the versions of its policy.
    const name = policyFileName(server);
    const file = deleted().find((each) => basename(each) === name);
    if (file === undefined) throw error;
    return file;
  }
}

function keptIn(file: string): Kept {
  const real = keptUnder(file);
  return { file, real, versions: policyVersions(real) };
}

/** @throws PolicyWrapError NOT_FOUND */
function textOf({ file, real, versions }: Kept, wanted: string): string {
  const numbered = /^\d{1,4}$/.test(wanted) ? versions[Number(wanted) - 1]?.path : undefined;
  const text = versionText(real, numbered ?? wanted);
  if (text !== undefined) return text;
  if (numbered !== undefined)
    throw new PolicyWrapError('POLICY_INVALID', `${printable(numbered)}: this version cannot be read`, {
      hint: 'It is no text of up to 4 MiB in UTF-8, or not yours to read.',
    });
  throw new PolicyWrapError('NOT_FOUND', `${printable(file)} has no version ${printable(wanted, 80)}`, {
    hint:
      versions.length === 0
        ? 'No earlier version is kept.'
        : `There are ${count(versions.length, 'version')}; 1 is the newest.`,
  });
}

function shownLines(text: string): string {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  return `${lines.map(shownLine).join('\n')}\n`;
}

function linesOf(text: string): number {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.length - 1 : lines.length;
}
