import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Output, Terminal } from '../../../src/cli/terminal.js';
import type { Charge, Evaluation } from '../../../src/policy/call.js';
import type { Limit } from '../../../src/policy/model.js';
import {
  type Admission,
  type Admitted,
  type ApprovalTerms,
  BUSY,
  type SessionInfo,
  Store,
} from '../../../src/store/store.js';
import { charge as chargeOf, limit } from '../../store/support-shapes.js';

export const NOW = Date.UTC(2026, 10, 22, 11, 0, 0);

/** A terminal with a person who types `answers` and then leaves. */
export class FakeTerminal implements Terminal {
  readonly out = new FakeOutput();
  readonly err = new FakeOutput();
  readonly streams = { input: new PassThrough(), output: new PassThrough(), error: new PassThrough() };
  readonly questions: string[] = [];
  env: Record<string, string> = {};
  readonly cwd = process.cwd();
  at = NOW;
  canAsk: boolean;
  /** What happens during each pause; when they are used up, Ctrl-C. */
  pauses: (() => void)[] = [];
  readonly #answers: string[];

  constructor(answers?: string[]) {
    this.canAsk = answers !== undefined;
    this.#answers = [...(answers ?? [])];
  }

  ask(question: string): Promise<string | undefined> {
    this.questions.push(question);
    return Promise.resolve(this.#answers.shift());
  }

  onSignals(): void {}

  now(): number {
    return this.at;
  }

  pause(): Promise<boolean> {
    const next = this.pauses.shift();
    next?.();
    return Promise.resolve(next !== undefined);
  }
}

export class FakeOutput implements Output {
  isTerminal = false;
  hasColor = false;
  columns = Number.POSITIVE_INFINITY;
  text = '';
  /** Writes after which nobody reads any more. */
  patience = Number.POSITIVE_INFINITY;

  write(text: string): Promise<boolean> {
    this.text += text;
    this.patience -= 1;
    return Promise.resolve(this.patience > 0);
  }
}

/** A database in a folder of its own, written to as a wrapper does. */
export class State {
  readonly folder = mkdtempSync(join(tmpdir(), 'policy-wrap-look-'));
  readonly db = join(this.folder, 'policy-wrap.db');
  at = NOW;
  readonly store = Store.open(this.db, { now: () => this.at });

  session(changes: Partial<SessionInfo> = {}): string {
    return this.store.startSession({ ...INFO, ...changes });
  }

  admit(session: string, evaluation: Evaluation, changes: Partial<Admission> = {}): Admitted {
    const admission = {
      tool: 'pay',
      requestId: '1',
      argumentsText: '["amount"]',
      policyHash: INFO.policyHash,
      evaluation,
    };
    return this.admitAll(session, [{ ...admission, ...changes }])[0] as Admitted;
  }

  admitAll(session: string, admissions: Admission[]): Admitted[] {
    const admitted = this.store.admit(session, admissions);
    if (admitted === BUSY) throw new Error('busy');
    return admitted;
  }

  /** Queues a question about a call. @returns its id */
  ask(
    session: string,
    tool: string,
    argumentsText: string,
    reason = 'look at it',
    terms: Partial<ApprovalTerms> = {},
  ): string {
    const admitted = this.repeat(session, tool, argumentsText, reason, terms);
    if (admitted.kind !== 'asked') throw new Error(admitted.kind);
    return admitted.approval.id;
  }

  /** A call about which a person is asked, or was. */
  repeat(
    session: string,
    tool: string,
    argumentsText: string,
    reason = 'look at it',
    terms: Partial<ApprovalTerms> = {},
  ): Admitted {
    const ask = {
      code: 'APPROVAL_REQUIRED',
      rule: `/tools/${tool}/action`,
      authorText: reason,
      explanation: reason,
    } as const;
    return this.admit(
      session,
      { kind: 'open', charges: [], ask },
      { tool, approval: { argumentsHash: argumentsText, argumentsText, expiresMs: 600_000, ...terms } },
    );
  }

  [Symbol.dispose](): void {
    this.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const INFO = {
  server: 'mcp-afip',
  grant: 'default',
  pid: process.pid,
  policyHash: 'a'.repeat(64),
  policySource: '/home/ana/policy.json',
  observe: false,
};

export function charge(
  counter: string,
  max: number,
  changes: Partial<Omit<Limit, 'max'>> = {},
  amount = 1,
  split = '',
): Charge {
  return chargeOf(
    limit({ counter, max, pointer: `/tools/pay/limits/${counter}`, ...changes }),
    amount,
    split,
  );
}

export function denied(): Evaluation {
  const refusal = {
    code: 'NOT_LISTED',
    rule: '(default deny)',
    authorText: undefined,
    explanation: 'not listed',
  } as const;
  return { kind: 'refused', refusal };
}
