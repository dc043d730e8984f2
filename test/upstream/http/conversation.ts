import { vi } from 'vitest';
import { HttpUpstream } from '../../../src/upstream/http/http-upstream.js';
import type { Credentials } from '../../../src/upstream/http/remote.js';
import type { Message } from '../../support/rig.js';

export const NOBODY: Credentials = {
  advice: () => '',
  headers: async () => ({}),
  renew: async () => false,
  masked: (text) => text,
};

/** An upstream, and what became of each request. */
export class Conversation {
  readonly upstream: HttpUpstream;
  /** Answered, lost and not sent, by id; a request is one of them, once. */
  readonly fates: string[] = [];
  /** What the client got, and why what it did not get was lost or not sent. */
  readonly got: Message[] = [];
  readonly reasons: string[] = [];
  warnings = '';
  readonly #reads: boolean;

  constructor(url: string, credentials: Credentials = NOBODY, reads = true) {
    this.#reads = reads;
    this.upstream = new HttpUpstream({
      url: new URL(url),
      credentials: () => credentials,
      allowPrivate: false,
      longest: 1 << 20,
      env: {},
    });
    this.upstream.stderr.setEncoding('utf8').on('data', (text: string) => (this.warnings += text));
    this.upstream.onLost((id, reason) => {
      this.fates.push(`${id} lost`);
      this.reasons.push(reason);
    });
    let rest = '';
    if (!reads) return;
    this.upstream.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const message = JSON.parse(line);
        this.got.push(message);
        if (message.method === undefined) this.fates.push(`${message.id} answered`);
      }
    });
  }

  get reads(): boolean {
    return this.#reads;
  }

  say(method: string, id?: number, params: object = {}): void {
    const line = `${JSON.stringify({ jsonrpc: '2.0', ...(id !== undefined && { id }), method, params })}\n`;
    this.upstream.send([Buffer.from(line)], (ids, reason) => {
      for (const each of ids ?? [id]) this.fates.push(`${each} not sent`);
      this.reasons.push(String(reason));
    });
  }

  /** Until a request has one of its fates. @returns which */
  async fate(id: number): Promise<string> {
    return await vi.waitFor(() => {
      const found = this.fates.find((each) => each.startsWith(`${id} `));
      if (found === undefined) throw new Error(`nothing became of ${id}; ${this.warnings}`);
      return found.slice(String(id).length + 1);
    }, 15_000);
  }

  answer(id: number): Message {
    return this.got.find((message) => message.id === id && message.method === undefined);
  }

  /** Makes a call, and waits for what becomes of it. */
  call(id: number, name = 'act', args: object = {}): Promise<string> {
    this.say('tools/call', id, { name, arguments: args });
    return this.fate(id);
  }

  async end(): Promise<number> {
    this.upstream.end();
    return await this.upstream.closed;
  }

  begin(): void {
    this.say('initialize', 1, {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 't', version: '1' },
    });
    this.say('notifications/initialized');
  }
}
