import { readFileSync } from 'node:fs';
import { PolicyWrapError, reasonOf } from '../../errors.js';
import type { Credentials } from './remote.js';
import { isReserved } from './reserved-headers.js';

const LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*:\s*(.*)$/s;
/** `${NAME}` or `${file:/path}`. */
const PLACE = /\$\{(?:file:([^}]+)|([A-Za-z_][A-Za-z0-9_]*))\}/g;

/** Headers that a person named. Values come from variables and files, and are never shown. */
export class HeaderCredentials implements Credentials {
  readonly #lines: readonly (readonly [name: string, value: string])[];
  readonly #env: NodeJS.ProcessEnv;
  #headers: Record<string, string>;

  /**
   * @param lines as `Name: value`
   * @throws PolicyWrapError USAGE for what is no header, and for a variable or a file that is not there
   */
  constructor(lines: readonly string[], env: NodeJS.ProcessEnv) {
    this.#env = env;
    this.#lines = lines.map(readLine);
    this.#headers = this.#filled();
  }

  advice(): string {
    return 'it does not take what --header says';
  }

  /** No header was named. */
  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  async headers(): Promise<Record<string, string>> {
    return this.#headers;
  }

  /** A file may hold another token by now. */
  async renew(): Promise<boolean> {
    const before = JSON.stringify(this.#headers);
    this.#headers = this.#filled();
    return JSON.stringify(this.#headers) !== before;
  }

  masked(text: string): string {
    return withoutSecrets(text, Object.values(this.#headers));
  }

  #filled(): Record<string, string> {
    const filled: Record<string, string> = {};
    for (const [name, template] of this.#lines) {
      const value = template.replace(PLACE, (_, file?: string, variable?: string) =>
        file === undefined ? this.#variable(name, variable ?? '') : readSecret(name, file),
      );
      if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
        throw unusable(name, 'its value has characters that no header can carry');
      filled[name.toLowerCase()] = value;
    }
    return filled;
  }

  #variable(header: string, name: string): string {
    const value = this.#env[name];
    if (value === undefined || value === '') throw unusable(header, `the variable ${name} is not set`);
    return value;
  }
}

function readLine(line: string): readonly [string, string] {
  const [, name, value] = LINE.exec(line) ?? [];
  // The line itself is not repeated: it may hold a secret.
  if (name === undefined || value === undefined)
    throw new PolicyWrapError('USAGE', 'a --header is no header', { hint: "it looks like 'Name: value'" });
  if (isReserved(name)) throw unusable(name, 'it belongs to the protocol');
  return [name, value];
}

function readSecret(header: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw unusable(header, reasonOf(error));
  }
}

function unusable(header: string, reason: string): PolicyWrapError {
  return new PolicyWrapError('USAGE', `the header ${header} cannot be sent: ${reason}`);
}

/** Shorter values are no secrets, and would be found everywhere. */
const SHORTEST_SECRET = 4;

/** Puts *** in the place of secrets; of `Bearer abc` the part behind the scheme alone counts too. */
export function withoutSecrets(text: string, values: readonly string[]): string {
  const secrets = values.flatMap((value) => [value, value.replace(/^\S+\s+/, '')]);
  return secrets
    .filter(({ length }) => length >= SHORTEST_SECRET)
    .sort((a, b) => b.length - a.length)
    .reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
}
