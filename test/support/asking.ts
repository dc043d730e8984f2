import { execFile, execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { approve } from '../../src/cli/commands/approve.js';
import { exitCodeOf } from '../../src/errors.js';
import { FakeTerminal } from '../cli/commands/support.js';
import { BIN, type Message, type Rig } from './rig.js';

/** Everything about approvals at once. */
export const ASKING = {
  version: '1',
  default: 'allow',
  approvals: { wait: '30s', expires: '10m' },
  tools: {
    tag: { action: 'approve' },
    create_invoice: {
      action: 'approve',
      reason: 'Invoices need a look.',
      limits: [{ counter: 'invoices', window: 'day', max: 100 }],
    },
  },
};

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of the commands on the rig's database, without a terminal. */
export function command(rig: Rig, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return ran(process.execPath, [BIN, ...args, '--db', rig.db], { ...rig.env(), ...env });
}

/** Runs one of the commands in a pseudo terminal. @param answers what to wait for, and what to type then */
export function inTerminal(
  rig: Rig,
  args: readonly string[],
  answers: readonly (readonly [string, string])[],
  env: NodeJS.ProcessEnv = {},
): Promise<Ran> {
  return atTerminal([...args, '--db', rig.db], answers, { ...rig.env(), ...env });
}

/** Runs the built command in a pseudo terminal of 80 columns. @param env all of it */
export function atTerminal(
  args: readonly string[],
  answers: readonly (readonly [string, string])[],
  env: NodeJS.ProcessEnv,
): Promise<Ran> {
  return inShell([process.execPath, BIN, ...args], answers, env);
}

/** The same for any command. */
export function inShell(
  argv: readonly string[],
  answers: readonly (readonly [string, string])[],
  env: NodeJS.ProcessEnv,
): Promise<Ran> {
  const script = resolve('test/fixtures/terminal.py');
  return ran(String(PYTHON), [...QUICK, script, JSON.stringify(answers), ...argv], { TERM: 'xterm', ...env });
}

/**
 * Approves as a person at a terminal does, with --yes. In this process: not every machine has a way to a terminal.
 *
 * @param more `--also`, `--for`, `--max-amount` and `--amount`, each with its value
 */
export async function approveHere(rig: Rig, id: string, ...more: readonly string[]): Promise<Ran> {
  const io = new FakeTerminal([]);
  io.at = Date.now();
  const named: Record<string, string> = { '--max-amount': 'maxAmount' };
  const options = Object.fromEntries(
    more.flatMap((word, at) =>
      word.startsWith('--') ? [[named[word] ?? word.slice(2), more[at + 1] ?? '']] : [],
    ),
  );
  try {
    const code = await approve(id, { ...options, db: rig.db, yes: true }, io);
    return { code, stdout: io.out.text, stderr: io.err.text };
  } catch (error) {
    return { code: exitCodeOf(error), stdout: io.out.text, stderr: String(error) };
  }
}

/** Python without what its installation adds to it: a third of the start. */
export const QUICK: readonly string[] = ['-E', '-S'];

/** Undefined on machines without Python: there is no other way to a pseudo terminal. */
export const PYTHON = python();

function python(): string | undefined {
  try {
    return execFileSync('python3', ['-c', 'import pty, sys; print(sys.executable)'], {
      encoding: 'utf8',
    }).trim();
  } catch {
    return undefined;
  }
}

function ran(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  return new Promise((done) => {
    execFile(file, args, { env, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
    });
  });
}

/** What waits, as `approvals --json` says. */
export async function waiting(rig: Rig, ...args: string[]): Promise<Message[]> {
  const { stdout } = await command(rig, ['approvals', '--json', ...args]);
  return JSON.parse(stdout).approvals;
}

/** The id in a refusal that asks. */
export function approvalId(answer: Message): string {
  return answer.result?._meta?.['policy-wrap/decision']?.approvalId;
}
