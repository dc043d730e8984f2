import { PolicyWrapError } from './errors.js';
import type { Terminal } from './terminal.js';

/**
 * Set in the shells that coding agents start, and not in the terminals that they or an IDE open for people (which is
 * why CLAUDECODE is not among them). Easily removed: this keeps an agent from approving in passing, not one that
 * means to.
 */
const AGENT_SHELLS: readonly { readonly variable: string; readonly agent: string }[] = [
  { variable: 'CLAUDE_CODE_CHILD_SESSION', agent: 'Claude Code' },
  { variable: 'GEMINI_CLI', agent: 'Gemini CLI' },
  { variable: 'CURSOR_AGENT', agent: 'Cursor' },
  { variable: 'CODEX_THREAD_ID', agent: 'Codex' },
  { variable: 'CODEX_SANDBOX', agent: 'Codex' },
  { variable: 'GOOSE_TERMINAL', agent: 'Goose' },
];

/**
 * Refuses a command that gives calls free inside the shell of an agent, where that can be seen.
 *
 * @throws PolicyWrapError REFUSED
 */
export function assertPerson(command: string, { env }: Terminal): void {
  const found = AGENT_SHELLS.find(
    ({ variable }) => env[variable] !== undefined && !/^(0|false)?$/.test(env[variable]),
  );
  if (!found) return;
  throw new PolicyWrapError(
    'REFUSED',
    `${command} is for a person: this is a shell of ${found.agent} (${found.variable})`,
    {
      hint: 'Run it in a terminal of your own.',
    },
  );
}

/**
 * Asks for a yes.
 *
 * @returns whether it was given; without a question under `yes`
 * @throws PolicyWrapError REFUSED when nobody can be asked
 */
export async function confirm(
  question: string,
  command: string,
  { yes }: { readonly yes?: boolean | undefined },
  io: Terminal,
): Promise<boolean> {
  if (yes) return true;
  if (!io.canAsk) {
    throw new PolicyWrapError('REFUSED', `${command} asks first, and there is no terminal to ask in`, {
      hint: 'Run it in a terminal, or add --yes.',
    });
  }
  const said = /^y(es)?$/i.test((await io.ask(`${question} [y/N] `))?.trim() ?? '');
  if (!said) await io.err.write('Nothing was changed.\n');
  return said;
}

/**
 * Puts a question with a usual answer.
 *
 * @param fallback what an empty line means; the end of input is no consent all the same
 * @returns undefined when there is nobody to ask
 */
export async function askYesNo(
  question: string,
  fallback: boolean,
  io: Terminal,
): Promise<boolean | undefined> {
  if (!io.canAsk) return undefined;
  const typed = await io.ask(`${question} ${fallback ? '[Y/n]' : '[y/N]'} `);
  const word = typed?.trim().toLowerCase();
  return word === '' ? fallback : word === 'y' || word === 'yes';
}
