import { randomUUID } from 'node:crypto';
import type { Owner } from '../counters/counter-key.js';
import type { PolicyState, SessionInfo } from '../sessions.js';
import { storable } from './storable.js';

/** A session of this process. */
export interface Session {
  readonly owner: Owner;
  info: Record<string, unknown>;
  /** The engine has not been told of it, or of a change. */
  isNews: boolean;
  /** Batches whose answer was lost: given back before the next one is decided. */
  readonly lost: Set<string>;
}

/** The wrappers of this process, as the engine is told of them. */
export class Sessions {
  readonly #known = new Map<string, Session>();

  start(info: SessionInfo, id: string = randomUUID()): string {
    const { server, grant, observe } = info;
    this.#known.set(id, {
      owner: { server: storable(server), grant: storable(grant), session: id, observe },
      info: {
        server: storable(server),
        grant: storable(grant),
        pid: info.pid,
        observe,
        policy: info.policyHash,
        source: info.policySource && storable(info.policySource),
      },
      isNews: true,
      lost: new Set(),
    });
    return id;
  }

  describeClient(session: string, name: string, version: string): void {
    const known = this.get(session);
    const [clientName, clientVersion] = [name, version].map((text) => storable(text.slice(0, 200)));
    known.info = { ...known.info, clientName, clientVersion };
    known.isNews = true;
  }

  describePolicy(session: string, { hash, source, problem }: PolicyState): void {
    const known = this.get(session);
    known.info = {
      ...known.info,
      policy: hash,
      source: source && storable(source),
      problem: problem && storable(problem),
    };
    known.isNews = true;
  }

  /** @throws Error for one that was not started here */
  get(session: string): Session {
    const known = this.#known.get(session);
    if (!known) throw new Error(`no session ${session} was started here`);
    return known;
  }

  forget(session: string): void {
    this.#known.delete(session);
  }
}
