import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Node, parseTree } from 'jsonc-parser';
import { BIN, type Message, RECORDER, Rig } from '../support/rig.js';
import { hostileLine, OTHER_ENDS, randomFrom } from './hostile-lines.js';

const KEPT_MEMORY = new URL('../fixtures/kept-memory.js', import.meta.url).href;

/** `delete_repo` is hidden, `read` is allowed, everything else is not. */
const POLICY = { version: '1', default: 'deny', hide: ['delete_repo'], tools: { read: {} } };

export interface FuzzReport {
  /** Lines of standard output that are no JSON-RPC message. */
  readonly impure: string[];
  /** Lines by which the server could have been made to run `delete_repo`. */
  readonly leaked: string[];
  /** Lines that the server received: enough of them, or nothing was tried. */
  readonly received: number;
  /** Tool names in any list that reached the client. */
  readonly listed: Set<string>;
  readonly exit: unknown;
  /** Megabytes that the wrapper keeps at each checkpoint, without garbage. */
  readonly memory: number[];
  readonly stderr: string;
}

/**
 * Sends so many hostile lines through the wrapper from both sides, in chunks of chance, and asks now and then for
 * proof that it still serves.
 *
 * @param lines from the client; the server sends as many, in ten bursts
 */
export async function fuzz(lines: number, seed: number): Promise<FuzzReport> {
  await using rig = new Rig();
  const random = randomFrom(seed);
  const bursts = 10;
  for (let i = 0; i < bursts; i++) {
    const said = Array.from({ length: lines / bursts }, () => hostileLine(random));
    writeFileSync(join(rig.folder, `burst-${i}`), Buffer.concat(said));
  }
  const options = { journal: rig.journal, tools: ['read', 'delete_repo'], burstsIn: rig.folder };
  const child = spawn(
    process.execPath,
    [
      ...['--expose-gc', '--import', KEPT_MEMORY, BIN],
      ...['--policy', rig.file('policy.json', POLICY), '--db', rig.db, '--'],
      ...[process.execPath, RECORDER, JSON.stringify(options)],
    ],
    { env: rig.env(), stdio: ['pipe', 'pipe', 'pipe', 'ipc'] },
  ) as ChildProcessWithoutNullStreams;
  const exit = new Promise((done) => child.once('close', (code, signal) => done(signal ?? code)));
  const report = { impure: [] as string[], listed: new Set<string>(), memory: [] as number[], stderr: '' };
  const answers = new Map<string, () => void>();
  child.stdin.on('error', () => {});
  child.stderr.on('data', (chunk) => {
    report.stderr = (report.stderr + chunk).slice(-2000);
  });
  let rest = Buffer.alloc(0);
  child.stdout.on('data', (chunk: Buffer) => {
    const all = Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = all.indexOf(10); end !== -1; end = all.indexOf(10, start)) {
      take(all.subarray(start, end).toString('utf8'));
      start = end + 1;
    }
    rest = all.subarray(start);
  });
  const take = (line: string) => {
    let message: Message;
    try {
      message = JSON.parse(line);
    } catch {
      report.impure.push(line.slice(0, 300));
      return;
    }
    if (message?.jsonrpc !== '2.0') report.impure.push(line.slice(0, 300));
    if (typeof message?.id === 'string') answers.get(message.id)?.();
    for (const part of [message, ...partsOf(line)]) {
      const tools = part?.result?.tools;
      if (Array.isArray(tools)) for (const tool of tools) report.listed.add(tool?.name);
    }
  };
  const ask = async (method: string, id: string) => {
    const answered = new Promise<void>((done) => answers.set(id, done));
    child.stdin.write(`\n${JSON.stringify({ jsonrpc: '2.0', id, method })}\n`);
    const late = new Promise((_, fail) => {
      const timer = setTimeout(() => fail(new Error(`no answer to ${id}: ${report.stderr}`)), 30_000);
      void answered.then(() => clearTimeout(timer));
    });
    const ended = exit.then((code) => Promise.reject(new Error(`ended (${code}): ${report.stderr}`)));
    await Promise.race([answered, late, ended]);
  };

  const checkpoint = lines / bursts;
  for (let i = 0; i < bursts; i++) {
    let batch = Buffer.concat(Array.from({ length: checkpoint }, () => hostileLine(random)));
    while (batch.length > 0) {
      const size = 1 + Math.floor(random() ** 4 * 200_000);
      if (!child.stdin.write(batch.subarray(0, size))) {
        await new Promise<void>((done) => {
          child.stdin.once('drain', done);
          void exit.then(() => done());
        });
      }
      batch = batch.subarray(size);
    }
    await ask(`burst/${i}`, `burst-${i}`);
    await ask('tools/list', `list-${i}`);
    await ask('ping', `ping-${i}`);
    child.send('how much?');
    const [kept] = await once(child, 'message');
    report.memory.push(kept / 1e6);
  }
  child.stdin.end();
  const code = await exit;
  const received = readFileSync(rig.journal, 'utf8').split('\n');
  const leaked = received.filter((line) => couldRun(line) || partsOf(line).some(calls));
  return { ...report, received: received.length, leaked, exit: code };
}

const ENDS = new RegExp(`[${OTHER_ENDS.join('')}]`);

/** The messages that a peer finds in a line if it ends lines elsewhere than we do. */
function partsOf(line: string): Message[] {
  const parts = line.split(ENDS);
  return parts.length === 1
    ? []
    : parts.flatMap((part) => {
        try {
          return [JSON.parse(part)];
        } catch {
          return [];
        }
      });
}

function calls(message: Message): boolean {
  return message?.method === 'tools/call' && message?.params?.name === 'delete_repo';
}

/** Whether some reader of JSON, be it as careless as it likes, could take a line for a call of the hidden tool. */
function couldRun(line: string): boolean {
  const folded = line.replace(/\\u([0-9a-f]{4})/gi, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  if (!/tools\\?\/call/i.test(folded) || !/delete_repo/i.test(folded)) return false;
  // Both words may be there innocently: as data of something that is no call, or as an argument of another tool.
  if (hasTwice(parseTree(line))) return true;
  const readings = [JSON.parse(line), JSON.parse(line, (_, value) => lowerKeys(value))];
  return readings.flat().some(calls);
}

/** Whether some object has a key twice: parsers keep the first, the last or both. */
function hasTwice(node: Node | undefined): boolean {
  const keys = node?.type === 'object' ? node.children?.map((member) => member.children?.[0]?.value) : [];
  return new Set(keys).size !== (keys?.length ?? 0) || (node?.children ?? []).some(hasTwice);
}

function lowerKeys(value: Message): Message {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key.toLowerCase(), member]));
}
