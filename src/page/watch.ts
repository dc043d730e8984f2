import { statSync } from 'node:fs';
import { policyFilesIn } from '../config/policy-files.js';
import type { Changed } from './api-types/names.js';
import type { States } from './states.js';
import type { Team } from './team.js';

/** How often the databases are looked at, the policy files, and the store of a team, in milliseconds. */
const STATE_MS = 200;
const FILES_MS = 1000;
const TEAM_MS = 1000;

/** Tells every browser what changed. One watcher serves them all, and rests when nobody listens. */
export class Watch {
  readonly #states: States;
  readonly #team: Team | undefined;
  readonly #listeners = new Set<(what: Changed) => void>();
  #timers: NodeJS.Timeout[] = [];
  #state = '';
  #files = '';

  /** @param team of the store that is looked at beside this machine's databases */
  constructor(states: States, team: Team | undefined) {
    this.#states = states;
    this.#team = team;
  }

  /** How many listen. */
  get size(): number {
    return this.#listeners.size;
  }

  /** @returns ends it */
  listen(listener: (what: Changed) => void): () => void {
    this.#listeners.add(listener);
    if (this.#timers.length === 0) this.#begin();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.close();
    };
  }

  tell(what: Changed): void {
    for (const listener of this.#listeners) listener(what);
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  #begin(): void {
    this.#state = this.#states.stamp();
    this.#files = this.#fileStamp();
    this.#timers = [
      setInterval(() => {
        const state = this.#states.stamp();
        if (state === this.#state) return;
        this.#state = state;
        this.tell('state');
      }, STATE_MS),
      setInterval(() => {
        const files = this.#fileStamp();
        if (files === this.#files) return;
        this.#files = files;
        this.tell('policies');
      }, FILES_MS),
    ];
    if (this.#team) void this.#follow(this.#team);
  }

  #shared: string | undefined;

  /** Looks at the team's store as long as somebody listens; the next look begins when the last is over. */
  async #follow(team: Team): Promise<void> {
    const [first] = this.#timers;
    const stamp = await team.stamp();
    // Everybody may have left meanwhile, and others come.
    if (this.#timers[0] !== first || first === undefined) return;
    if (stamp !== this.#shared) this.tell('state');
    this.#shared = stamp;
    this.#timers[2] = setTimeout(() => void this.#follow(team), TEAM_MS);
  }

  /** The files in the config folders, and those that running wrappers decide by. */
  #fileStamp(): string {
    const files = new Set(policyFilesIn());
    try {
      for (const { store } of this.#states.open())
        for (const { live, policySource } of store.sessions())
          if (live && policySource?.startsWith('preset ') === false) files.add(policySource);
    } catch {
      // What is wrong with a database is told by what is asked of it.
    }
    return [...files].map((file) => `${file} ${stampOf(file)}`).join('\n');
  }
}

/** Changes with content, rename and disappearance. */
function stampOf(file: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return `${ino}.${size}.${mtimeNs}.${ctimeNs}`;
  } catch {
    return 'gone';
  }
}
