import { basename } from 'node:path';
import { policyFilesIn } from '../config/policy-files.js';
import { PolicyWrapError } from '../errors.js';
import { printable } from '../text/escape.js';
import type { NamedServer } from './named-server.js';
import { openIfThere, type StateOptions } from './open-state.js';
import { serversSeen, toolsSeen } from './seen-names.js';
import type { Terminal } from './terminal.js';

export interface TakenServer {
  /** As `policyNames` gives them. */
  readonly names: readonly [string, ...string[]];
  /** Whether a person named it. */
  readonly isNamed: boolean;
  /** Which server was taken and why, for a person who named none. */
  readonly told: string | undefined;
}

/** Servers that are named in a complaint. */
const SHOWN = 8;

/**
 * The server that a call of a tool is meant for: the one that was named, else the only one here, or the only one here
 * that has the tool.
 *
 * @param asked what the command line says
 * @param hasPolicy a policy was named, so that no server is needed to find one
 * @throws PolicyWrapError USAGE where several could be meant, POLICY_NOT_FOUND where there is none
 */
export function takenServer(
  tool: string,
  asked: NamedServer,
  {
    server: named,
    hasPolicy,
    ...state
  }: StateOptions & { readonly server?: string | undefined; readonly hasPolicy: boolean },
  io: Terminal,
): TakenServer {
  if (named !== undefined || asked.source !== undefined)
    return { names: asked.names, isNamed: true, told: undefined };
  const { all, having } = serversHere(tool, state, io);
  const [only] = having.length === 1 ? having : all.length === 1 ? all : [];
  if (only !== undefined) {
    const which = all.length === 1 ? 'the only one here' : 'the only one here that has this tool';
    return { names: [only], isNamed: false, told: `server ${only}, ${which}; --server names another` };
  }
  if (hasPolicy)
    return {
      names: ['default'],
      isNamed: false,
      told: 'no server was named, so that nothing counts as used',
    };
  if (all.length === 0)
    throw new PolicyWrapError('POLICY_NOT_FOUND', 'no server was named, and none is known here', {
      hint: `policy-wrap explain ${printable(tool)} --policy <file>`,
    });
  const names = (having.length > 0 ? having : all).slice(0, SHOWN);
  throw new PolicyWrapError('USAGE', 'which server?', {
    hint: `Name one: ${names.map((name) => `--server ${printable(name)}`).join(', ')}`,
  });
}

/** The servers that have a policy of their own, or were wrapped. */
function serversHere(
  tool: string,
  state: StateOptions,
  io: Terminal,
): { readonly all: readonly string[]; readonly having: readonly string[] } {
  const own = policyFilesIn().map((file) => basename(file, '.json'));
  const store = openIfThere(state, io);
  try {
    const all = [...new Set([...own, ...(store ? serversSeen(store) : [])])].sort();
    return { all, having: store ? all.filter((server) => toolsSeen(store, server).includes(tool)) : [] };
  } finally {
    store?.close();
  }
}
