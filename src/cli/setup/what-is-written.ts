import { isStrength, type Strength } from '../../catalog/strengths.js';
import type { Change } from '../../clients/change/apply.js';
import type { Plan } from '../../clients/change/plan.js';
import type { ServerEntry } from '../../clients/entries.js';
import { readSnapshot } from '../../clients/files/read.js';
import { printable } from '../../text/escape.js';
import type { Protection } from '../protection.js';
import type { ClientsTerminal } from '../this-installation.js';
import { atHome, block } from './final-screen.js';
import type { FoundServer } from './found-servers.js';

/** What is about to be written, file by file. */
export async function showWhat(
  plans: readonly { readonly plan: Plan }[],
  files: readonly Change[],
  protections: ReadonlyMap<ServerEntry, Protection>,
  io: ClientsTerminal,
): Promise<void> {
  await io.out.write('\nTo be written\n');
  for (const file of files) {
    const about = [...protections.values()].find((each) => each.file === file)?.about.slice(1) ?? [];
    await io.out.write(
      `  ${atHome(file.path, io)}\n${block(
        about.map((line) => ['', line]),
        io,
      )}`,
    );
  }
  for (const { plan } of plans)
    for (const { path } of plan.changes) {
      const here = plan.started.filter(({ place }) => place.place.path === path);
      const names = here.map(({ entry }) => printable(entry.name)).join(', ');
      const text = `${names}: started through policy-wrap; nothing else changes, and a copy is kept`;
      await io.out.write(`  ${atHome(path, io)}\n${block([['', text]], io)}`);
    }
}

/** A new policy is shown whole here, not as what it comes to. */
export async function showEveryLine(changes: readonly Change[], io: ClientsTerminal): Promise<void> {
  for (const { path, snapshot, content, shown } of changes) {
    if (snapshot !== undefined) await io.out.write(shown);
    else {
      const lines = content.toString().trimEnd().split('\n');
      await io.out.write(
        `--- nothing yet\n+++ ${printable(path)}\n${lines.map((line) => `+${printable(line)}\n`).join('')}`,
      );
    }
  }
}

/** Policies that are there already and stay as they are, whatever strength was asked for. */
export async function showKept(
  chosen: readonly FoundServer[],
  protections: ReadonlyMap<ServerEntry, Protection>,
  strength: Strength | undefined,
  io: ClientsTerminal,
): Promise<void> {
  const unused = strength === undefined ? '' : `; ${strength} is not used: move the file away to have it`;
  const rows = chosen.flatMap(({ entry, isWrapped }) => {
    const { source, file } = protections.get(entry) ?? {};
    if (source === undefined || !('file' in source) || file !== undefined) return [];
    if (isWrapped && strength === undefined) return [];
    const written = /^\s*\/\/ (\w+): /m.exec(readSnapshot(source.file)?.text.slice(0, 1000) ?? '')?.[1];
    const as = written !== undefined && isStrength(written) ? ` (${written})` : '';
    return [[printable(entry.name), `keeps ${atHome(source.file, io)}${as}${unused}`]];
  });
  if (rows.length > 0) await io.out.write(`\nKept as it is\n${block(rows, io)}`);
}
