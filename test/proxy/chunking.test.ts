import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RoundTrips } from '../../src/approval/retry-state.js';
import { ClientToServer } from '../../src/proxy/client-to-server.js';
import type { Gate } from '../../src/proxy/gate.js';
import { ServerToClient } from '../../src/proxy/server-to-client.js';
import { McpSession } from '../../src/wire/mcp-session.js';
import { hostileLine, randomFrom } from '../e2e/hostile-lines.js';

/** Hides one tool in lists, forwards every call that can be judged, remembers nothing. */
const gate = {
  // A refused call would free its id sooner in small chunks than in large ones.
  admit: (calls: readonly unknown[]) => calls.map(() => ({ kind: 'forward', row: undefined })),
  lists: {
    edit: ({ name }: { name: string }) => (name === 'delete_repo' ? 'drop' : 'keep'),
    beginPage: () => {},
    leaveOut: () => {},
    endPage: () => {},
  },
  words: { areLookedAt: false, areKept: false },
  settle: () => {},
  clientIs: () => {},
  judges: () => false,
  filters: () => false,
} as unknown as Gate;

/** All that reaches either side when both streams come in these chunks, first the client's, then the server's. */
function relayed(client: Buffer[], server: Buffer[]): { toServer: string; toClient: string; said: string } {
  const session = new McpSession();
  let toServer = '';
  let toClient = '';
  let said = '';
  const warn = (text: string) => {
    said += `${text}\n`;
  };
  const clientToServer = new ClientToServer(
    session,
    gate,
    {
      toServer: (lines) => {
        toServer += Buffer.concat(lines).toString('latin1');
      },
      toClient: (text) => {
        toClient += text;
      },
    },
    { roundTrips: new RoundTrips(Date.now), maxLine: 4000, warn },
  );
  for (const chunk of client) clientToServer.push(chunk);
  clientToServer.end();
  const serverToClient = new ServerToClient(session, gate, {
    roundTrips: new RoundTrips(Date.now),
    maxLine: 4000,
    warn,
    stray: (bytes) => {
      said += bytes.toString('latin1');
    },
    toServer: (text) => {
      said += text;
    },
    later: (parts) => {
      said += parts.join('');
    },
  });
  const passed = [...server.flatMap((chunk) => serverToClient.push(chunk)), ...serverToClient.end()];
  toClient += passed.map((part) => Buffer.from(part).toString('latin1')).join('');
  return { toServer, toClient, said };
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

test('G2 G7: however the bytes of both sides are chunked, the same messages come of them', () => {
  const places = fc.array(fc.nat(100_000), { maxLength: 40 });
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 30 }),
      places,
      places,
      (seed, count, some, others) => {
        const random = randomFrom(seed);
        const lines = () => Buffer.concat(Array.from({ length: count }, () => hostileLine(random)));
        const client = lines();
        const server = lines();
        expect(relayed(cut(client, some), cut(server, others))).toEqual(relayed([client], [server]));
      },
    ),
    { numRuns: 300 },
  );
});

test('G2: what leaves for the server is a selection of the lines that came, each as it came', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 30 }), (seed, count) => {
      const random = randomFrom(seed);
      const lines = Array.from({ length: count }, () => hostileLine(random).toString('latin1'));
      const { toServer } = relayed([Buffer.from(lines.join(''), 'latin1')], []);
      let next = 0;
      for (const sent of toServer.split(/(?<=\n)/).filter((line) => line !== '')) {
        const found = lines.indexOf(sent, next);
        expect(found, sent).toBeGreaterThanOrEqual(next);
        next = found + 1;
      }
    }),
    { numRuns: 300 },
  );
});
