import { remedyFor } from '../policy/remedy.js';
import type { LogEntry, Store } from '../store/store.js';

/** A command that would let through what was refused. */
export interface Remedy {
  readonly command: string;
  readonly server: string;
  readonly tool: string;
  readonly code: string | undefined;
  /** UTC milliseconds of the latest such call. */
  readonly at: number;
  readonly times: number;
}

/**
 * @param rows of the decision log, the newest last
 * @param store says what is still open: no command for an approval or a pause that is over
 * @returns each command once, the one whose call came last first
 */
export function remediesOf(rows: readonly LogEntry[], store: Pick<Store, 'approval' | 'pauses'>): Remedy[] {
  const found = new Map<string, Remedy>();
  for (const row of rows.toReversed()) {
    const { code, rule, server, tool, approval, at } = row;
    if (row.decision === 'allow') continue;
    const command = remedyFor({ code, rule, server, tool, approval });
    if (command === undefined) continue;
    const before = found.get(command);
    if (before === undefined && !isOpen(row, store)) continue;
    found.set(
      command,
      before ? { ...before, times: before.times + 1 } : { command, server, tool, code, at, times: 1 },
    );
  }
  return [...found.values()];
}

function isOpen({ code, approval, server }: LogEntry, store: Pick<Store, 'approval' | 'pauses'>): boolean {
  if (code === 'APPROVAL_REQUIRED')
    return approval !== undefined && store.approval(approval)?.state === 'pending';
  if (code !== 'PAUSED') return true;
  return store.pauses().some((pause) => pause.server === undefined || pause.server === server);
}
