import { PolicyWrapError, reasonOf } from '../errors.js';
import {
  type ApprovalEntry,
  type ApprovalState,
  BUSY,
  type Claim,
  type ClaimTerms,
  LOCKED_HINT,
} from '../store/store.js';
import type { StateConnection } from './state-connection.js';
import { untilFree } from './until-free.js';

/** How long a person's answer waits for a locked database, in milliseconds. */
const DECIDE_MS = 5000;
/** How long people are told nothing while the database is locked, in milliseconds; then they are told without it. */
const CLAIM_MS = 3000;

/** What people answered and were told, in the state. No call waits for it, so it may wait for a locked database. */
export class PeopleRecords {
  readonly #server: string;
  readonly #connection: StateConnection;
  readonly #warn: (text: string) => void;

  constructor(server: string, connection: StateConnection, warn: (text: string) => void) {
    this.#server = server;
    this.#connection = connection;
    this.#warn = warn;
  }

  /**
   * Takes down a person's answer from the client.
   *
   * @returns the record as it stands afterwards, whoever decided; undefined when it could not be written
   */
  async decide(approvalId: string, state: 'approved' | 'rejected'): Promise<ApprovalEntry | undefined> {
    try {
      const decided = await untilFree(() => {
        const store = this.#connection.open();
        return store === BUSY ? BUSY : store.decideApproval(approvalId, state, 'client');
      }, DECIDE_MS);
      if (decided !== BUSY) return decided.kind === 'unknown' ? undefined : decided.approval;
      throw new PolicyWrapError('STATE_UNAVAILABLE', 'the state database was locked', { hint: LOCKED_HINT });
    } catch (error) {
      this.#warn(`an answer to approval ${approvalId} could not be recorded: ${reasonOf(error)}`);
      return undefined;
    }
  }

  approvalState(id: string): ApprovalState | undefined {
    return this.#connection.quietly((store) => store.approval(id))?.state;
  }

  /** Asks whether this wrapper is to tell people something. @returns undefined where the state cannot say so */
  async claimNotice(key: string, terms: ClaimTerms): Promise<Claim | undefined> {
    const ask = () => this.#connection.quietly((store) => store.claimNotice(key, terms));
    const claim = await untilFree(ask, CLAIM_MS);
    return claim === BUSY ? undefined : claim;
  }

  /** Takes down in the events that people were not told something. A record and no more: it is not tried again. */
  noticeLost(detail: Readonly<Record<string, unknown>>): void {
    this.#connection.quietly((store) => store.noticeLost({ server: this.#server, ...detail }));
  }
}
