import { EXIT } from '../errors.js';
import { table, wrapped } from './table.js';
import type { Output } from './terminal.js';

/** What each exit code of a command says. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'done',
  failed: 'failed',
  usage: 'wrong usage',
  policyInvalid: 'the policy is invalid',
  denied:
    'a test case failed, `explain` says denied, `replay --check` found a change, or `threats --check` an open pattern',
  needsApproval: '`explain` says that a person must approve',
  notStarted: 'the server could not be started',
};

/** What a running wrapper ends with. */
export const WRAPPER_EXIT =
  "A running wrapper passes on the server's own exit code, 128 plus the number of the signal that ended it, or 127 when it could not be started; 1 when its answers could not be written any more.";

/** The codes with which a command ends, for its help. @param own those that not every command has */
export function commandExits(
  own: Readonly<Partial<Record<keyof typeof EXIT, string | true>>> | undefined,
): (readonly [code: string, meaning: string])[] {
  const all = { done: true, failed: true, usage: true, ...own } as const;
  return (Object.keys(EXIT) as (keyof typeof EXIT)[]).flatMap((key) => {
    const said = all[key];
    return said === undefined
      ? []
      : [[String(EXIT[key]), said === true ? EXIT_MEANINGS[key] : said] as const];
  });
}

/** The same as text. */
export function commandExitsText(
  out: Pick<Output, 'columns' | 'hasColor'>,
  own: Parameters<typeof commandExits>[0],
): string {
  return `\nExit codes:\n${table(out, commandExits(own), { indent: '  ', columns: ['whole', 'prose'] })}`.trimEnd();
}

/** The same for `run`, which is a wrapper. */
export function wrapperExitText({ columns }: Pick<Output, 'columns'>): string {
  const lines = wrapped(WRAPPER_EXIT, columns - 2);
  return `\nExit codes:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/** A line a code, as `policy-wrap help exit-codes` shows them. */
export function exitCodesText(out: Pick<Output, 'columns' | 'hasColor'>): string {
  const keys = Object.keys(EXIT) as (keyof typeof EXIT)[];
  const rows = keys.map((key) => [String(EXIT[key]), EXIT_MEANINGS[key]]);
  const lines = wrapped(WRAPPER_EXIT, out.columns);
  return `${table(out, rows, { columns: ['whole', 'prose'] })}\n${lines.join('\n')}\n`;
}
