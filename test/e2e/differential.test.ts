import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ALLOW_ALL } from '../support/policies.js';
import { BIN, Rig } from '../support/rig.js';
import { LONG_SCENE, SCENES, type Scene, type Step } from './scenes.js';

const PLAYER = resolve('test/fixtures/servers/player.js');

/** All that each peer got, as bytes in latin1: one character a byte, so that a difference can be read. */
interface Transcript {
  readonly client: string;
  readonly server: string;
  readonly exit: number | null;
}

/** What the transcript must be when nothing stands between the peers. */
function written(scene: Scene): Transcript {
  const from = (side: Step['from']) =>
    Buffer.concat(scene.steps.flatMap((step) => (step.from === side ? [step.bytes] : []))).toString('latin1');
  return { client: from('server'), server: from('client'), exit: 0 };
}

function lineEnds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}

/** Plays a scene against the player, directly or through the wrapper with a policy that allows all. */
async function play(rig: Rig, scene: Scene, wrapped: boolean, chunk: number): Promise<Transcript> {
  const steps = scene.steps.map(({ from, bytes }) => ({ from, bytes: bytes.toString('base64') }));
  const script = rig.file('script.json', { chunk, steps });
  const received = join(rig.folder, 'received');
  const server = [process.execPath, PLAYER, script, received];
  const wrapper = [process.execPath, BIN, '--policy', rig.file('p.json', ALLOW_ALL), '--db', rig.db, '--'];
  const [file = '', ...args] = wrapped ? [...wrapper, ...server] : server;
  const child = spawn(file, args, { env: rig.env(), stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((done) => child.once('close', done));
  const client = await driven(child, scene.steps, chunk);
  return { client, server: readFileSync(received, 'latin1'), exit: await ended };
}

/** The client's half of a scene; ends the input once every step was played and every answer is there. */
async function driven(child: ChildProcess, steps: readonly Step[], chunk: number): Promise<string> {
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error('no pipes');
  const got: Buffer[] = [];
  let noise = '';
  let lines = 0;
  let wake = () => {};
  let ended = false;
  stdin.on('error', () => {});
  stderr.on('data', (bytes) => {
    noise += bytes;
  });
  stdout.on('data', (bytes: Buffer) => {
    got.push(bytes);
    lines += lineEnds(bytes);
    wake();
  });
  child.once('close', () => {
    ended = true;
    wake();
  });
  let due = 0;
  const caughtUp = async () => {
    while (lines < due && !ended) {
      await new Promise<void>((done) => {
        wake = done;
      });
    }
    if (lines < due) throw new Error(`ended early: ${noise}`);
  };
  for (const step of steps) {
    if (step.from === 'server') {
      due += lineEnds(step.bytes);
      continue;
    }
    await caughtUp();
    const size = chunk || step.bytes.length;
    for (let at = 0; at < step.bytes.length; at += size) {
      stdin.write(step.bytes.subarray(at, at + size));
      if (chunk) await new Promise(setImmediate);
    }
  }
  await caughtUp();
  stdin.end();
  await new Promise<void>((done) => stdout.once('close', done));
  expect(noise).toBe('');
  return Buffer.concat(got).toString('latin1');
}

describe.concurrent('direct and wrapped, both peers get the same bytes in the same order', () => {
  test.each(SCENES)('G2 G7: $title', async (scene) => {
    await using rig = new Rig();
    const expected = written(scene);
    expect(await play(rig, scene, false, 0)).toEqual(expected);
    expect(await play(rig, scene, true, 0)).toEqual(expected);
  });

  test.each(SCENES.filter((scene) => Buffer.concat(scene.steps.map((step) => step.bytes)).length < 10_000))(
    'G2 G7: in chunks of 7 bytes: $title',
    async (scene) => {
      await using rig = new Rig();
      expect(await play(rig, scene, true, 7)).toEqual(written(scene));
    },
  );

  test(`G2 G7: ${LONG_SCENE.title}`, async () => {
    await using rig = new Rig();
    const expected = written(LONG_SCENE);
    const wrapped = await play(rig, LONG_SCENE, true, 0);
    // Not toEqual: a difference in megabytes helps nobody.
    expect(wrapped.client === expected.client).toBe(true);
    expect(wrapped.server === expected.server).toBe(true);
    expect(wrapped.exit).toBe(0);
  });
});
