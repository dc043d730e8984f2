// What an installed policy-wrap must do wherever it lies: say its version, play the demo, and wrap server-everything
// for the SDK's client. Where there is no SQLite it must say so in one clear line, and refuse.
import { spawn } from 'node:child_process';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { ReadBuffer, serializeMessage } from '@modelcontextprotocol/sdk/shared/stdio.js';

/** Milliseconds for one command, a compilation included. */
const PATIENCE = 900_000;

/**
 * @param code the exit code that it must end with; null: any
 * @returns what a command printed, both streams
 * @throws Error with that, when it ended otherwise
 */
export async function run(command, args, { code = 0, ...options } = {}) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  let out = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      out += text;
    });
  }
  const ended = await new Promise((done, fail) => child.once('error', fail).once('close', done));
  clearTimeout(timer);
  if (code !== null && ended !== code)
    throw new Error(`${command} ${args.join(' ')} ended with ${ended}, not ${code}:\n${out}`);
  return out;
}

/** Two calls of one tool in an hour, and nothing else. */
export const POLICY = { version: '1', default: 'deny', tools: { echo: { rate_limit: '2/hour' } } };
const WITH_SQLITE = ['Echo: one', 'Echo: two', 'LIMIT', 'NOT_LISTED'];

/**
 * @param command the installed command and its first arguments
 * @param options.version what it must say
 * @param options.policy the path of `POLICY`
 * @param options.db a path for the state
 * @param options.server the path of server-everything's script
 * @param options.spawn folder, environment and user
 * @returns the SQLite that it found: `addon`, `node:sqlite` or `none`
 * @throws Error with what was not as it must be
 */
export async function prove(command, { version, policy, db, server, spawn: options }) {
  const [file, ...first] = command;
  const use = (args, code = 0) => run(file, [...first, ...args], { ...options, code });
  expectEqual('--version', (await use(['--version'])).trim(), version);

  // It has more to say here than about SQLite, so that its exit code tells nothing.
  const report = await use(['doctor', '--json'], null);
  const { checks = [] } = JSON.parse(/^\{[\s\S]*^\}/m.exec(report)?.[0] ?? '{}');
  const message = checks.find(({ id }) => id === 'sqlite')?.findings[0]?.message;
  if (message === undefined) throw new Error(`doctor says nothing of SQLite: ${report}`);
  const sqlite = /addon better-sqlite3 loads/.test(message)
    ? 'addon'
    : /^Node's own/.test(message)
      ? 'node:sqlite'
      : 'none';
  if (sqlite !== 'none') {
    await use(['demo']);
    expectEqual(
      'calls',
      await calls([...command, '--policy', policy, '--db', db], server, options),
      WITH_SQLITE,
    );
    return sqlite;
  }
  const said = await use(['demo'], 1);
  if (!/^policy-wrap: no SQLite could be loaded: .*\n {2}Use Node 22\.13 or later.*\n$/.test(said))
    throw new Error(`without SQLite demo says: ${said}`);
  expectEqual(
    'calls without SQLite',
    (await calls([...command, '--policy', policy, '--db', db], server, options)).filter(
      (answer) => answer.startsWith('Echo') || answer === 'failed',
    ),
    [],
  );
  return sqlite;
}

/** @returns for each call what the server said, or the code of the refusal */
async function calls([file, ...args], server, options) {
  const child = spawn(file, [...args, '--', 'node', server], options);
  const client = new Client({ name: 'policy-wrap-ci', version: '1.0.0' });
  let says = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    says += text;
  });
  const found = [];
  try {
    await client.connect(transportOf(child));
    for (const [name, given] of [
      ...['one', 'two', 'three'].map((message) => ['echo', { message }]),
      ['get-env', {}],
    ]) {
      const { isError, content, _meta } = await client.callTool({ name, arguments: given });
      found.push(isError ? (_meta?.['policy-wrap/decision']?.code ?? 'failed') : content[0].text);
    }
  } catch (error) {
    throw new Error(`${error.message}; the wrapper said:\n${says}`);
  } finally {
    await client.close();
  }
  return found;
}

/** The SDK's own has no way to start a server as another user. */
function transportOf(child) {
  const buffer = new ReadBuffer();
  const transport = {
    start: async () => {
      child.stdout.on('data', (chunk) => {
        buffer.append(chunk);
        for (let message = buffer.readMessage(); message !== null; message = buffer.readMessage())
          transport.onmessage?.(message);
      });
      child.once('error', (error) => transport.onerror?.(error));
      child.once('close', () => transport.onclose?.());
    },
    send: async (message) => void child.stdin.write(serializeMessage(message)),
    close: async () => void child.stdin.end(),
  };
  return transport;
}

function expectEqual(what, found, expected) {
  if (JSON.stringify(found) !== JSON.stringify(expected))
    throw new Error(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
}
