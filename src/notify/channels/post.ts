import { HttpClient, networkReason } from '../../upstream/http/http-client.js';
import { SendError } from './channel.js';

/** Posts text to addresses that a person gave. Only the status of an answer is looked at. */
export class Poster {
  readonly #http: HttpClient;

  /** @param env proxies by `HTTPS_PROXY` and the like */
  constructor(env: NodeJS.ProcessEnv) {
    this.#http = new HttpClient({ allowPrivate: true, env });
  }

  /** @throws SendError; no address stands in it, since addresses are secrets */
  async post(
    address: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal: AbortSignal,
  ): Promise<void> {
    const url = new URL(address);
    let status: number;
    let retryAfter: string | string[] | undefined;
    try {
      const answer = await this.#http.request({
        method: 'POST',
        url,
        headers: { 'user-agent': 'policy-wrap', ...headers },
        body: Buffer.from(body, 'utf8'),
        signal,
      });
      status = answer.status;
      retryAfter = answer.headers['retry-after'];
      answer.body.destroy();
    } catch (error) {
      if (signal.aborted) throw new SendError(`${url.host} did not answer in time`, { isPassing: true });
      throw new SendError(networkReason(error, url.host), { isPassing: true });
    }
    if (status >= 200 && status < 300) return;
    const isPassing = status === 408 || status === 429 || status >= 500;
    throw new SendError(`${url.host} answered ${status}`, { isPassing, afterMs: secondsOf(retryAfter) });
  }

  async close(): Promise<void> {
    await this.#http.close();
  }
}

function secondsOf(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
