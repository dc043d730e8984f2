import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import { notifyFile } from '../../config/paths.js';
import {
  findPolicyFile,
  policyPlaces,
  problemsError,
  refuseMovingPlaces,
  type ServerWords,
  stateFile,
} from '../../config/policy-files.js';
import type { RunOptions } from '../../config/run-options.js';
import { PolicyWrapError } from '../../errors.js';
import type { ServeOptions } from '../../proxy/serve.js';
import { upstreamEnv } from '../../upstream/environment.js';
import { findUpstream } from '../../upstream/start.js';
import { misplacedOptions } from '../misplaced-options.js';
import { namedServer } from '../named-server.js';
import { openStore, storeAddress } from '../team-store.js';
import type { Terminal } from '../terminal.js';

/**
 * Wraps a server: speaks MCP on this process's stdin and stdout until the server or the client ends.
 *
 * @param argv the server's command and its arguments
 * @returns the exit code: the server's own
 * @throws PolicyWrapError when there is nothing to run or the policy is invalid
 */
export async function run(argv: readonly string[], options: RunOptions, io: Terminal): Promise<number> {
  const named = namedServer(argv, options, io.cwd);
  const { source } = named;
  if (source === undefined) {
    throw new PolicyWrapError('USAGE', 'no server to wrap', { hint: 'policy-wrap -- mcp-afip' });
  }
  refuseMovingPlaces(options);
  checkOutput();
  const misplaced = misplacedOptions(argv);
  if (misplaced !== undefined) await io.err.write(`policy-wrap: ${misplaced}\n`);
  const address = await storeAddress(options, io.env);
  const env = upstreamEnv(io.env);
  const { install, maxServerLine } = options;
  const startable = await findUpstream(source, { install, env, longest: maxServerLine });
  const found = await validPolicy(options, named);

  // Before the start: a signal that came right after it would end us and leave the server behind (G9).
  const signals = heldSignals(io);
  const upstream = await startable.start();
  signals.to((signal) => upstream.terminate(signal));
  try {
    // Only now: the server boots meanwhile, and until it answers there is time for all that is not needed to start it.
    const { serve } = await import('../../proxy/serve.js');
    const { names } = named;
    return await serve({
      upstream,
      server: names[0],
      grant: options.grant,
      env,
      note: startable.note,
      found,
      // A preset does not change, and takes the place of no file that is gone.
      findPolicy: () => findPolicyFile(options, named),
      policyPlaces: policyPlaces(options, names),
      stateFile: stateFile(options.db),
      notifyFile: notifyFile(),
      synchronous: options.synchronous,
      store: address && {
        team: address.team,
        open: () => openStore(address, io.env),
        uncounted: options.storeOffline === 'uncounted',
      },
      observe: options.observe ?? false,
      maxClientLine: options.maxClientLine,
      maxServerLine,
    });
  } catch (error) {
    // A bug, or a package that is being replaced at this moment; the server does not stay behind (G9).
    upstream.terminate('SIGTERM');
    throw error;
  }
}

/**
 * Calls would run though nobody saw an answer. Node opens the null device where standard output was closed.
 *
 * @throws PolicyWrapError when standard output leads nowhere
 */
function checkOutput(): void {
  if (isatty(1) || !fstatSync(1).isCharacterDevice()) return;
  throw new PolicyWrapError('REFUSED', 'standard output is closed, or a device that nobody reads', {
    hint: 'Nothing was started; a client must hold the other end of standard input and output.',
  });
}

/** @throws PolicyWrapError when it is not valid, or not there */
async function validPolicy(options: RunOptions, server: ServerWords): Promise<ServeOptions['found']> {
  const file = findPolicyFile(options, server);
  const found =
    file.kind === 'none'
      ? (await import('../../config/shipped-policies.js')).findPolicy(options, server.names, server.words)
      : file;
  if (found.kind === 'problems') throw problemsError(found);
  return found;
}

/** Catches the signals that end a process, and gives them to `to` as they come, those that came before first. */
function heldSignals(io: Terminal): { to(receive: (signal: NodeJS.Signals) => void): void } {
  const early: NodeJS.Signals[] = [];
  let receive = (signal: NodeJS.Signals): void => void early.push(signal);
  io.onSignals(['SIGTERM', 'SIGINT', 'SIGHUP'], (signal) => receive(signal));
  return {
    to: (receiver) => {
      receive = receiver;
      for (const signal of early) receive(signal);
    },
  };
}
