import type { Limit } from '../../policy/model.js';
import { sha256 } from '../../text/hash.js';

/** Whose counters a call charges. */
export interface Owner {
  readonly server: string;
  readonly grant: string;
  /** The session's random id, for limits with scope `session`. */
  readonly session: string;
  /** Observing wrappers have counters of their own. */
  readonly observe: boolean;
}

/** The text that names one count and no other; limits with the same key share it. */
export function keyOf(
  owner: Owner,
  { scope, counter, layer, windowMs, align }: Limit,
  split: string,
): string {
  const whose = {
    machine: [],
    team: [],
    grant: [owner.server, owner.grant],
    session: [owner.server, owner.grant, owner.session],
  }[scope];
  const window = align.kind === 'sliding' ? windowMs : `${align.unit} ${align.timezone}`;
  const name = layer === undefined ? counter : [layer.counter, digest(layer.identity)];
  return JSON.stringify([scope, ...whose, name, split && digest(split), window, owner.observe ? 1 : 0]);
}

/** Longest split that is shown as text, in characters. */
const LABEL_CAP = 120;

/**
 * How people tell the counts of one split limit apart. Environment values must never enter the database, and whole
 * argument objects are too long to show: both appear as a digest, after the tool and the variable's name.
 */
export function labelOf(limit: Limit, split: string): string {
  if (split === '') return '';
  const fromEnvironment = limit.per.filter(({ root }) => root === 'env').map(({ text }) => `${text} `);
  const isShown =
    split.length <= LABEL_CAP &&
    fromEnvironment.length === 0 &&
    limit.per.every(({ steps }) => steps.length > 0);
  return isShown ? split : `${toolIn(limit, split)}${fromEnvironment.join('')}#${digest(split).slice(0, 10)}`;
}

/** The tool whose calls are counted, so that a person finds it again; not known where the split is itself a digest. */
function toolIn({ per }: Limit, split: string): string {
  const at = per.findIndex(({ root }) => root === 'tool');
  if (at < 0 || !split.startsWith('[')) return '';
  const values: unknown = JSON.parse(split);
  const tool: unknown = Array.isArray(values) ? values[at] : undefined;
  return typeof tool === 'string' && tool.length <= LABEL_CAP ? `${tool} ` : '';
}

function digest(text: string): string {
  return sha256(text, 'base64url');
}
