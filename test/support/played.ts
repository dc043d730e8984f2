import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { canonicalJson } from '../../src/json/canonical.js';
import { parseJson } from '../../src/json/exact.js';
import type { JsonObject } from '../../src/json/value.js';
import { evaluateLayers, type Layers, stack } from '../../src/policy/evaluate/layers.js';
import { type Admitted, type Outcome, Store } from '../../src/store/store.js';
import { policyOf } from '../policy/support.js';
import { settlement } from '../store/support-shapes.js';

export interface PlayedCall {
  /** Milliseconds after the call before. */
  readonly after?: number;
  readonly tool?: string;
  readonly args?: object;
  readonly outcome?: Outcome | undefined;
  readonly latencyMs?: number;
  readonly observe?: boolean;
  readonly server?: string;
  readonly grant?: string;
  /** Which of the wrappers that have the same server and grant. */
  readonly session?: number;
  /** A person allows it when it is asked about, and it is made again. */
  readonly allow?: boolean;
}

/** A state database with calls in it that were decided by the real parts, at times of the test's choosing. */
export class Played {
  readonly folder = mkdtempSync(join(tmpdir(), 'policy-wrap-history-'));
  readonly db = join(this.folder, 'state.db');
  now = Date.UTC(2026, 10, 18, 9);
  readonly store = Store.open(this.db, { now: () => this.now });
  readonly #sessions = new Map<string, string>();
  #due: { at: number; row: number; outcome: Outcome; latencyMs: number }[] = [];
  n = 0;

  file(name: string, content: string | object): string {
    const path = join(this.folder, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  }

  /** @param policy undefined for a wrapper without one */
  play(policy: object | undefined, calls: readonly PlayedCall[]): Admitted[] {
    const layers = policy && stack(policyOf({ version: '1', default: 'deny', ...policy }));
    const admitted = calls.map((call) => this.#play(layers, call));
    this.now += 1000;
    this.#settle(Number.POSITIVE_INFINITY);
    return admitted;
  }

  [Symbol.dispose](): void {
    this.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #play(layers: Layers | undefined, call: PlayedCall): Admitted {
    this.now += call.after ?? 0;
    this.#settle(this.now);
    const admitted = this.#admit(layers, call);
    if (admitted.kind === 'asked' && call.allow) {
      this.store.decideApproval(admitted.approval.id, 'approved', 'cli');
      return this.#play(layers, { ...call, after: 100, allow: false });
    }
    const { outcome = 'ok', latencyMs = 0, observe } = call;
    if (admitted.kind === 'allowed' || observe)
      this.#due.push({ at: this.now + latencyMs, row: admitted.row, outcome, latencyMs });
    return admitted;
  }

  #admit(layers: Layers | undefined, { tool = 't', args = {}, ...call }: PlayedCall): Admitted {
    const exact = parseJson(JSON.stringify(args)) as JsonObject;
    const whole = canonicalJson(exact);
    const evaluation = layers
      ? evaluateLayers(layers, { tool, args: exact, env: {} })
      : ({
          kind: 'refused',
          refusal: { code: 'NO_POLICY', rule: '(no policy)', authorText: undefined, explanation: '' },
        } as const);
    const admitted = this.store.admit(this.#session(call), [
      {
        tool,
        requestId: String(this.n++),
        argumentsText: layers?.auditArguments === 'full' ? whole : JSON.stringify(Object.keys(args).sort()),
        policyHash: layers?.hash,
        evaluation,
        approval: {
          argumentsHash: whole,
          argumentsText: whole,
          expiresMs: 60_000,
        },
      },
    ]);
    if (typeof admitted === 'symbol') throw new Error('the database is locked');
    return admitted[0] as Admitted;
  }

  #session({ server = 'demo', grant = 'default', observe = false, session = 1 }: PlayedCall): string {
    const key = JSON.stringify([server, grant, observe, session]);
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const info = { server, grant, observe, pid: process.pid, policyHash: undefined, policySource: undefined };
    const id = this.store.startSession(info);
    this.#sessions.set(key, id);
    return id;
  }

  #settle(now: number): void {
    const due = this.#due.filter(({ at }) => at <= now);
    this.#due = this.#due.filter(({ at }) => at > now);
    due.sort((a, b) => a.at - b.at);
    this.store.settle(due.map(({ row, outcome, latencyMs }) => settlement(row, outcome, latencyMs)));
  }
}

const call = fc.record({
  after: fc.oneof(fc.constantFrom(0, 1, 999, 60_000), fc.integer({ min: 0, max: 4000 })),
  tool: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'),
  args: fc.record(
    { amount: fc.constantFrom<unknown>(1, 2, 2.5, 2, 1, 40, '3'), point: fc.constantFrom(1, '1', 2) },
    { requiredKeys: ['amount'] },
  ),
  outcome: fc.constantFrom('ok', 'ok', 'error', 'tool_error', 'unanswered', 'not_sent', undefined),
  latencyMs: fc.constantFrom(0, 10, 2500),
  grant: fc.constantFrom('default', 'default', 'default', 'other'),
  observe: fc.constantFrom(false, false, false, true),
  allow: fc.boolean(),
  session: fc.constantFrom(1, 2),
});
/** Any calls of a policy's tools `a` to `l`, by several wrappers. */
export const anyCalls = fc.array(call, { minLength: 40, maxLength: 120 });
