import { request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Asks as nobody but a program can: with any Host and Origin. */
export function ask(
  origin: string,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Readonly<Record<string, string>>; body?: string } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        hostname,
        port,
        path,
        method,
        headers: { connection: 'close', ...headers },
        setHost: !('host' in headers),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Signs in, as the front end does. @returns what every request must carry */
export async function signIn(
  origin: string,
  token: string,
): Promise<{ readonly answer: Answer; readonly cookie: string; readonly key: string }> {
  const answer = await ask(origin, '/api/sign-in', {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  const cookie = String(answer.headers['set-cookie'] ?? '').replace(/;.*/, '');
  const key = answer.status === 200 ? (JSON.parse(answer.text) as { key: string }).key : '';
  return { answer, cookie, key };
}
