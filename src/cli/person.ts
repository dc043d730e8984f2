import { PolicyWrapError } from '../errors.js';
import { yesOrNo } from '../text/yes-or-no.js';
import type { Question, Terminal } from './terminal.js';

/**
 * Set in the shells that coding agents start, and not in the terminals that they or an IDE open for people (which is
 * why CLAUDECODE is not among them). Easily removed: this keeps an agent from approving in passing, not one that
 * means to. `AGENT` is what several agents have agreed on.
 */
const AGENT_SHELLS: readonly { readonly variable: string; readonly agent: string }[] = [
  { variable: 'CLAUDE_CODE_CHILD_SESSION', agent: 'Claude Code' },
  { variable: 'GEMINI_CLI', agent: 'Gemini CLI' },
  { variable: 'CURSOR_AGENT', agent: 'Cursor' },
  { variable: 'CODEX_THREAD_ID', agent: 'Codex' },
  { variable: 'CODEX_SANDBOX', agent: 'Codex' },
  { variable: 'GOOSE_TERMINAL', agent: 'Goose' },
  { variable: 'OPENCODE', agent: 'OpenCode' },
  { variable: 'OPENCODE_PID', agent: 'OpenCode' },
  { variable: 'COPILOT_CLI', agent: 'Copilot CLI' },
  { variable: 'COPILOT_AGENT_SESSION_ID', agent: 'Copilot' },
  { variable: 'QWEN_CODE', agent: 'Qwen Code' },
  { variable: 'AGENT', agent: 'a coding agent' },
];

/**
 * Refuses a command that loosens something (lets a call through, gives a limit back, accepts a changed tool, lifts a
 * pause) where no person sits: inside the shell of an agent, as far as that can be seen, and outside of a terminal.
 * What only stops something needs no person.
 *
 * @param command as it is typed, such as `approve`
 * @throws PolicyWrapError REFUSED
 */
export function assertPerson(command: string, io: Pick<Terminal, 'env' | 'canAsk'>): void {
  assertNoAgent(command, io);
  if (io.canAsk) return;
  throw new PolicyWrapError('REFUSED', `${command} is for a person, and there is no terminal here`, {
    hint: 'Run it in a terminal of your own; --yes only skips the question.',
  });
}

/**
 * Refuses a command inside the shell of an agent, where that can be seen.
 *
 * @throws PolicyWrapError REFUSED
 */
export function assertNoAgent(command: string, { env }: Pick<Terminal, 'env'>): void {
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
 * Asks for a yes. The command has made sure of a person before.
 *
 * @returns whether it was given; without a question under `yes`
 */
export async function confirm(
  question: string,
  { yes }: { readonly yes?: boolean | undefined },
  io: Terminal,
): Promise<boolean> {
  if (yes) return true;
  const said = (await yesOrNo(question, false, io)) ?? false;
  if (!said) await io.err.write('Nothing was changed.\n');
  return said;
}

/**
 * Asks for something to be typed.
 *
 * @returns it, without blanks around it
 * @throws PolicyWrapError REFUSED at the end of input, and at Ctrl-C
 */
export async function askLine(question: string, io: Terminal, options?: Question): Promise<string> {
  const typed = await io.ask(question, options);
  if (typed === undefined) throw new PolicyWrapError('REFUSED', 'no answer was given');
  return typed.trim();
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
  return (await yesOrNo(question, fallback, io)) ?? false;
}
