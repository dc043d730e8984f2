import { PolicyWrapError } from '../errors.js';
import { isMasked } from '../text/masking.js';
import { remoteAddress } from '../upstream/http/address.js';
import { isReserved } from '../upstream/http/reserved-headers.js';
import type { Shape } from './file-shapes.js';
import { duplicateIn, memberOf } from './text/document.js';
import type { Member, StringNode, TableNode } from './text/nodes.js';

/**
 * A server that a client reaches by its address: how clients write such an entry, and what it becomes behind the
 * wrapper. Values of headers stay where they are in the file, under the name of a variable: the client fills in its own
 * placeholders there as it did before, and no command line shows them.
 */

/** Keys with the address of a server that no client starts. */
export const URL_KEYS = ['url', 'serverUrl', 'httpUrl', 'uri'];
/** Keys with a table of headers. */
export const HEADER_KEYS = ['headers', 'http_headers'];
/** Codex: the variable, of its own environment, with the token that is sent as `Authorization: Bearer`. */
export const BEARER_KEY = 'bearer_token_env_var';
/** Keys that name the transport. */
export const TYPE_KEYS = ['type', 'transportType', 'transport'];
/** Codex: names of variables that a command gets from its environment. */
export const ENV_NAMES_KEY = 'env_vars';

/** What the parts of an entry by address are to the wrapper, with their places in the file. */
export interface RemoteParts {
  readonly url: string;
  readonly headers: readonly HeaderVariable[];
  /** The values of the headers, by variable, as written; and what the entry has of an environment. */
  readonly env: ReadonlyMap<string, string>;
  /** Why it cannot be wrapped in place; undefined where it can. */
  readonly obstacle: string | undefined;
  readonly nodes: RemoteNodes;
}

export interface HeaderVariable {
  readonly header: string;
  readonly variable: string;
}

export interface RemoteNodes {
  readonly table: TableNode;
  readonly url: Member & { readonly value: StringNode };
  readonly headers: (Member & { readonly value: TableNode }) | undefined;
  readonly bearer: (Member & { readonly value: StringNode }) | undefined;
  readonly type: (Member & { readonly value: StringNode }) | undefined;
}

const LOG_IN = 'take it out: `policy-wrap login` takes the place of the login of the client';

/** Settings that mean something for an address alone, and that some client refuses beside a command. */
const REMOTE_ONLY: Readonly<Record<string, string>> = {
  env_http_headers: 'write them under http_headers, or as --header by hand',
  headersHelper: 'a program of the client makes its headers',
  oauth_resource: LOG_IN,
  scopes: LOG_IN,
};

/** @returns undefined for a table without an address */
export function remoteParts(
  table: TableNode,
  shape: Shape,
  env: ReadonlyMap<string, string>,
): RemoteParts | undefined {
  const url = URL_KEYS.map((key) => memberOf(table, key)).find(isText);
  if (url === undefined) return undefined;
  const found = HEADER_KEYS.map((key) => memberOf(table, key)).find((member) => member !== undefined);
  const headers = isTable(found) ? found : undefined;
  const bearer = memberOf(table, BEARER_KEY);
  const type = TYPE_KEYS.map((key) => memberOf(table, key)).find(isText);
  const variables = variablesFor(headers?.value.members.map(({ key }) => key) ?? []);
  const values = new Map(env);
  for (const [at, { variable }] of variables.entries()) {
    const value = headers?.value.members[at]?.value;
    if (value?.kind === 'string') values.set(variable, value.value);
  }
  return {
    url: url.value.value,
    headers: variables,
    env: values,
    nodes: { table, url, headers, bearer: isText(bearer) ? bearer : undefined, type },
    obstacle: obstacleIn(table, shape, url.value.value, found, bearer, type?.value.value),
  };
}

function obstacleIn(
  table: TableNode,
  shape: Shape,
  url: string,
  headers: Member | undefined,
  bearer: Member | undefined,
  type: string | undefined,
): string | undefined {
  if (type !== undefined && /^(?:ws|websocket)$/i.test(type)) return 'it is reached by WebSocket';
  for (const { key } of table.members) {
    const why = Object.hasOwn(REMOTE_ONLY, key) ? REMOTE_ONLY[key] : undefined;
    if (why !== undefined) return `\`${key}\`: ${why}`;
    // OpenCode and Kilo refuse a command with it.
    if (key === 'oauth' && shape.args === undefined) return `\`${key}\`: ${LOG_IN}`;
  }
  return addressObstacle(url) ?? bearerObstacle(table, bearer) ?? headersObstacle(table, shape, url, headers);
}

function addressObstacle(url: string): string | undefined {
  if (isMasked([url]))
    return 'its address holds a secret, which a command line shows to other users of this machine';
  if (needsFilling(url)) return undefined;
  try {
    remoteAddress(url);
    return undefined;
  } catch (error) {
    if (PolicyWrapError.is(error)) return error.message;
    throw error;
  }
}

function bearerObstacle(table: TableNode, bearer: Member | undefined): string | undefined {
  if (bearer === undefined) return undefined;
  if (!isText(bearer) || !/^[A-Za-z_]\w*$/.test(bearer.value.value))
    return `\`${BEARER_KEY}\` names no variable`;
  return memberOf(table, ENV_NAMES_KEY) === undefined
    ? undefined
    : `it has both \`${BEARER_KEY}\` and \`${ENV_NAMES_KEY}\``;
}

function headersObstacle(
  table: TableNode,
  shape: Shape,
  url: string,
  headers: Member | undefined,
): string | undefined {
  if (headers === undefined) return onlyGoose(shape, [url]);
  const { key, value } = headers;
  if (value.kind !== 'table') return `\`${key}\` is no table of headers`;
  const twice = duplicateIn(value);
  if (twice !== undefined) return `the header ${JSON.stringify(twice.key)} is there twice`;
  if (memberOf(table, shape.env) !== undefined) return `it has both \`${key}\` and \`${shape.env}\``;
  const texts: string[] = [url];
  for (const member of value.members) {
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(member.key))
      return `${JSON.stringify(member.key)} is no name of a header`;
    if (isReserved(member.key)) return `its header ${member.key} belongs to the protocol: take it out`;
    if (!isText(member)) return `the value of its header ${member.key} is no text`;
    texts.push(member.value.value);
  }
  return onlyGoose(shape, texts);
}

/** Goose fills in `$NAME` in addresses and headers, and not in what a command gets. */
function onlyGoose(shape: Shape, texts: readonly string[]): string | undefined {
  return shape.command === 'cmd' && texts.some((text) => /\$/.test(text))
    ? 'it has placeholders that Goose fills in for addresses alone'
    : undefined;
}

/** Whether a client puts something else in the place of a part of a text, in any client's notation. */
export function needsFilling(text: string): boolean {
  return /\$\{|\{(?:env|file):|^\$\w+$|^%\w+%$/.test(text);
}

/** Names for the values of headers: no header's own name, which could be a variable that means something. */
function variablesFor(headers: readonly string[]): HeaderVariable[] {
  const taken = new Set<string>();
  return headers.map((header) => {
    const base = `HEADER_${header.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`;
    let variable = base;
    for (let n = 2; taken.has(variable); n++) variable = `${base}_${n}`;
    taken.add(variable);
    return { header, variable };
  });
}

function isText(member: Member | undefined): member is Member & { readonly value: StringNode } {
  return member?.value.kind === 'string';
}

function isTable(member: Member | undefined): member is Member & { readonly value: TableNode } {
  return member?.value.kind === 'table';
}
