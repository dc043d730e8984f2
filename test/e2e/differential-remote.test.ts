import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { HttpPlayer, linesIn } from '../support/http-player.js';
import { ALLOW_ALL } from '../support/policies.js';
import { BIN, Rig } from '../support/rig.js';
import { LONG_SCENE, SCENES, type Scene, type Step } from './scenes.js';

const turn = (from: Step['from'], line: string): Step => ({ from, bytes: Buffer.from(`${line}\n`) });
const BEGUN = turn('client', '{"jsonrpc":"2.0","method":"notifications/initialized"}');
const BEGIN: readonly Step[] = [
  turn(
    'client',
    '{"jsonrpc":"2.0","id":"begin","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}',
  ),
  turn(
    'server',
    '{"jsonrpc":"2.0","id":"begin","result":{"protocolVersion":"2025-11-25","capabilities":{"tasks":{"requests":{"tools":{"call":{}}}}},"serverInfo":{"name":"y","version":"1"}}}',
  ),
  BEGUN,
];

const textOf = ({ steps }: Scene) => Buffer.concat(steps.map(({ bytes }) => bytes)).toString('utf8');
const isModern = (scene: Scene) => textOf(scene).includes('"2026-07-28"');

/** A scene as it is played where a session has to be there before the server can speak by itself. */
function staged(scene: Scene): Scene {
  const { title, steps } = scene;
  const text = textOf(scene);
  // Over HTTP cutting the stream is how a request of 2026-07-28 is cancelled: neither message nor answer exist.
  if (isModern(scene))
    return text.includes('notifications/cancelled') ? { title, steps: steps.slice(0, -2) } : scene;
  if (!text.includes('"initialize"')) return { title, steps: [...BEGIN, ...steps] };
  if (text.includes('notifications/initialized')) return scene;
  const answered = steps.findIndex(({ from }) => from === 'server') + 1;
  return { title, steps: [...steps.slice(0, answered), BEGUN, ...steps.slice(answered)] };
}

/** The lines of each turn of one side; within a turn HTTP's streams overtake each other, and a sorted list says so. */
function turnsOf(side: Step['from'], { steps }: Scene, lines: readonly string[]): string[][] {
  const turns: string[][] = [];
  let at = 0;
  steps.forEach(({ from, bytes }, index) => {
    if (from !== side) return;
    const size = linesIn(bytes).length;
    // What one side says in a row is one turn.
    const before = steps[index - 1]?.from === side ? (turns.pop() ?? []) : [];
    turns.push([...before, ...lines.slice(at, at + size)].sort());
    at += size;
  });
  return [...turns, lines.slice(at)];
}

/** All that a side must get. */
function written(side: Step['from'], { steps }: Scene): string[] {
  return steps.filter(({ from }) => from === side).flatMap(({ bytes }) => linesIn(bytes));
}

async function play(scene: Scene, wire: HttpPlayer['wire']): Promise<{ client: string[]; server: string[] }> {
  await using rig = new Rig();
  await using player = await HttpPlayer.start(scene.steps, wire);
  const policy = rig.file('policy.json', ALLOW_ALL);
  const child = spawn(process.execPath, [BIN, '--url', player.url, '--policy', policy, '--db', rig.db], {
    env: rig.env(),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  rig.endsToo(() => (child.pid === undefined ? [] : [child.pid]));
  const exit = new Promise<number | null>((done) => child.once('close', done));
  let noise = '';
  child.stderr.on('data', (text) => {
    noise += text;
  });
  const client: string[] = [];
  let wake = () => {};
  let rest = '';
  // Not `readline`, which ends lines at U+2028 too.
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    client.push(...lines);
    wake();
  });
  let due = 0;
  for (const { from, bytes } of [...scene.steps, turn('client', '')]) {
    if (from === 'server') {
      due += linesIn(bytes).length;
      continue;
    }
    while (client.length < due) {
      await Promise.race([exit, new Promise<void>((done) => (wake = done))]);
      if (child.exitCode !== null && client.length < due) throw new Error(`ended early: ${noise}`);
    }
    if (bytes.length > 1) child.stdin.write(bytes);
  }
  await player.has(written('client', scene).length);
  child.stdin.end();
  expect(await exit).toBe(0);
  expect(noise).toBe('');
  // The end answers what was cancelled and never answered.
  const last = client.findIndex((line, at) => at >= due && line.includes('the session has ended'));
  return { client: last < 0 ? client : client.slice(0, last), server: player.received };
}

async function compare(scene: Scene, wire: HttpPlayer['wire']): Promise<void> {
  const { client, server } = await play(scene, wire);
  const expected = {
    client: turnsOf('server', scene, written('server', scene)),
    server: turnsOf('client', scene, written('client', scene)),
  };
  expect({ client: turnsOf('server', scene, client), server: turnsOf('client', scene, server) }).toEqual(
    expected,
  );
  // One stream brings everything, in order.
  if (wire === 'HTTP with SSE') expect(client).toEqual(written('server', scene));
}

describe.concurrent('the scenes of the stdio wire over HTTP: every message equal', () => {
  test.each(SCENES.map(staged))('G2 G7: Streamable HTTP: $title', async (scene) => {
    await compare(scene, 'Streamable HTTP');
  });

  test.each(SCENES.filter((scene) => !isModern(scene)).map(staged))(
    'G2 G7: HTTP with SSE: $title',
    async (scene) => {
      await compare(scene, 'HTTP with SSE');
    },
  );

  test(`G2 G7: Streamable HTTP: ${LONG_SCENE.title}`, async () => {
    const scene = staged(LONG_SCENE);
    const { client, server } = await play(scene, 'Streamable HTTP');
    // Not toEqual: a difference in megabytes helps nobody.
    expect(client.sort().join('\n') === written('server', scene).sort().join('\n')).toBe(true);
    expect(server.join('\n') === written('client', scene).join('\n')).toBe(true);
  });
});
