import { atTerminal, type Ran } from './asking.js';
import { command, type Finished } from './command.js';
import type { Cluster } from './postgres.js';
import { Rig, type Wrapper } from './rig.js';

/** A machine of a team: a home folder of its own, and somebody who logs in from there. */
export class Laptop implements AsyncDisposable {
  readonly rig = new Rig();
  readonly store: string;
  readonly #team: string;

  constructor(cluster: Cluster, login: string, team: string) {
    this.#team = team;
    this.store = `postgres://${login}@127.0.0.1:${cluster.port}/app?team=${team}`;
  }

  /** Wraps the recorder, with the policy's `store` as this team's. */
  wrap(policy: object, args: readonly string[] = []): Wrapper {
    return this.rig.wrap({
      policy: { store: this.#team, ...policy },
      args: ['--store', this.store, ...args],
    });
  }

  run(...args: readonly string[]): Promise<Finished> {
    return command(this.rig, [...args], { POLICY_WRAP_STORE: this.store, POLICY_WRAP_DB: this.rig.db });
  }

  /** Runs a command in a pseudo terminal. @param answers what to wait for, and what to type then */
  type(args: readonly string[], answers: readonly (readonly [string, string])[] = []): Promise<Ran> {
    const env = { ...this.rig.env(), POLICY_WRAP_STORE: this.store, POLICY_WRAP_DB: this.rig.db };
    return atTerminal(args, answers, env);
  }

  /** @returns the rows of the log as this login sees them */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into rows of every shape
  async log(...args: readonly string[]): Promise<any[]> {
    const { stdout, stderr, code } = await this.run('log', '--json', '--limit', '1000', ...args);
    if (code !== 0) throw new Error(stderr);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.rig[Symbol.asyncDispose]();
  }
}
