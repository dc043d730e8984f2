import type { History, StoreFinding } from '../shared-store.js';
import type { Mark } from './mark.js';

/** What `history_v1` answers. */
interface Answer {
  readonly lost: 'row' | 'epoch' | null;
  readonly newest: number | null;
  readonly others: readonly {
    readonly who: string;
    readonly host: string;
    readonly at: number;
    readonly knew: number | null;
  }[];
}

/** @param mark what this machine remembers */
export function historyOf({ lost, newest, others }: Answer, mark: Mark | undefined): History {
  return {
    newest: newest ?? undefined,
    lost: lost === null ? undefined : { knew: mark?.at },
    others: others.map(({ knew, ...other }) => ({ ...other, knew: knew ?? undefined })),
  };
}

/** @returns undefined where nothing is missing; else what that means, in one sentence */
export function lossText({ newest, lost, others }: History): string | undefined {
  const known = [
    ...(lost ? [`this machine was told of one at ${instant(lost.knew)}`] : []),
    ...others.map(({ who, host, knew }) => `${who} on ${host} of one at ${instant(knew)}`),
  ];
  if (known.length === 0) return undefined;
  const has = newest === undefined ? 'it has no call' : `its newest call is of ${instant(newest)}`;
  return `it is an older copy, a restored back-up or a standby that had not everything: ${has}, and ${known.join(', ')}. What was counted and approved since is missing, and those machines refuse every call`;
}

/** What to do then. */
export const LOSS_HINT =
  'Is there a newer copy? Restore that. Else an owner goes on with this one, for all machines: policy-wrap store accept';

export function historyFinding(history: History): StoreFinding {
  const text = lossText(history);
  return text === undefined
    ? { about: 'history', level: 'ok', text: 'nothing that its machines were told of is missing' }
    : { about: 'history', level: 'error', text, hint: LOSS_HINT };
}

function instant(at: number | undefined): string {
  return at === undefined ? 'an unknown time' : new Date(at).toISOString();
}
