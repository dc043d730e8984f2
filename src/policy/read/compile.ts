import { parseDuration } from '../../text/duration.js';
import { sha256 } from '../../text/hash.js';
import { canonicalName } from '../../text/lookalike.js';
import { comparePatterns, namePattern } from '../evaluate/name-pattern.js';
import { parseWindow } from '../limits/window.js';
import type { NamePattern, Policy } from '../model.js';
import { CompileContext } from './compile-context.js';
import { compileEntry } from './compile-entry.js';
import { compileTimezone } from './compile-limits.js';
import { compileExcept } from './compile-paths.js';
import { compileChecks } from './compile-rules.js';
import { byCanonicalName, compileSections, withSections } from './compile-sections.js';
import { compileStore } from './compile-store.js';
import { checkSharedCounters } from './shared-counters.js';
import type { Source } from './source.js';
import type { Shape } from './validate.js';

const DEFAULT_WAIT_MS = 45_000;
const DEFAULT_EXPIRES_MS = 600_000;
const MAX_WAIT_MS = 3_600_000;
const MAX_EXPIRES_MS = 30 * 86_400_000;

/**
 * Writes out the shorthands and compiles what the document says. With an error among the problems the policy is not
 * fit for use.
 *
 * @param text the file as it was read, for the hash
 */
export function compilePolicy(
  source: Source,
  shape: Shape,
  text: string,
  name: string,
  identity: string,
): { readonly policy: Policy; readonly context: CompileContext } {
  const context = new CompileContext(source);
  const { document } = shape;
  context.timezone = compileTimezone(context, document.timezone, ['timezone']);
  const allTools = compileChecks(context, document.all_tools ?? {}, ['all_tools'], undefined);
  const entries = [...shape.tools].map(([tool, entry]) => compileEntry(context, tool, entry));
  const sections = compileSections(context, shape);
  checkSharedCounters(context, allTools, [...entries, ...Object.values(sections).flat()]);
  const exact = entries.filter((entry) => entry.name.plain);
  const hide = compileHide(context, document.hide ?? []);
  const pin = document.pin ?? 'warn';
  let hash: string | undefined;
  const policy: Policy = {
    get hash() {
      hash ??= sha256(text);
      return hash;
    },
    source: name,
    identity,
    default: document.default ?? 'deny',
    store: compileStore(context, document.store, [allTools, ...entries, ...Object.values(sections).flat()]),
    extends: document.extends,
    hide,
    hides: hidesOf(hide),
    allTools,
    tools: new Map(exact.map((entry) => [entry.name.text, entry])),
    lookalikes: byCanonicalName(exact),
    patterns: entries.filter((entry) => !entry.name.plain).sort((a, b) => comparePatterns(a.name, b.name)),
    list: document.list ?? 'all',
    pin,
    newTools: compileNewTools(context, document.new_tools, pin),
    onSuspicious: document.on_suspicious ?? 'warn',
    annotate: document.annotate ?? false,
    auditArguments: document.audit?.arguments,
    approvals: compileApprovals(context, document.approvals ?? {}),
  };
  return { policy: withSections(policy, sections), context };
}

function compileNewTools(
  context: CompileContext,
  written: Policy['newTools'] | undefined,
  pin: Policy['pin'],
): Policy['newTools'] {
  if (written === 'hide' && (pin === 'off' || pin === 'warn')) {
    const message = `"new_tools" hides tools that nobody has trusted, and under "pin": "${pin}" nothing is trusted.`;
    const hint = 'Write "pin": "hold", or remove "new_tools".';
    context.report('CONTRADICTION', ['new_tools'], message, hint, { spot: 'key' });
  }
  return written ?? (pin === 'hold' ? 'hide' : 'show');
}

function compileHide(context: CompileContext, names: readonly (string | undefined)[]): NamePattern[] {
  const seen = new Set<string | undefined>();
  for (const [index, name] of names.entries()) {
    const at = ['hide', index];
    if (name === '') context.report('NAME', at, 'An empty name hides nothing.', 'Write a name, or "*".');
    else if (seen.has(name)) {
      context.report('UNUSED', at, `"${name}" is hidden already.`, 'Remove it.', { severity: 'warning' });
    }
    seen.add(name);
  }
  return names.filter((name) => name !== undefined).map(namePattern);
}

function hidesOf(hide: readonly NamePattern[]): (name: string) => boolean {
  const plain = new Set(
    hide.filter((pattern) => pattern.plain).map((pattern) => canonicalName(pattern.text)),
  );
  const patterns = hide.filter((pattern) => !pattern.plain);
  // A lookalike is hidden too: a server that does not mind the case would run it.
  return (name) =>
    plain.has(canonicalName(name)) || patterns.some((pattern) => pattern.matchesLookalike(name));
}

function compileApprovals(
  context: CompileContext,
  approvals: NonNullable<Shape['document']['approvals']>,
): Policy['approvals'] {
  const expiresMs = compileDuration(
    context,
    approvals.expires,
    'expires',
    DEFAULT_EXPIRES_MS,
    1000,
    MAX_EXPIRES_MS,
  );
  // Nobody wrote a "wait" that is longer than "expires" where none is written.
  const longest = Math.min(DEFAULT_WAIT_MS, expiresMs);
  const waitMs = compileDuration(context, approvals.wait, 'wait', longest, 0, MAX_WAIT_MS);
  const channels = (approvals.channels ?? ['client', 'queue']).filter((channel) => channel !== undefined);
  if (approvals.channels?.length === 0) {
    const message = 'With no channel nobody can be asked, and every such call is refused.';
    context.report(
      'VALUE',
      ['approvals', 'channels'],
      message,
      'Write ["client", "queue"], or leave it out.',
    );
  }
  if (waitMs > expiresMs) {
    const message = '"wait" is longer than "expires": a call would wait for an approval that has gone.';
    context.report('CONTRADICTION', ['approvals', 'wait'], message, 'Make "wait" the shorter one.');
  }
  const except = compileExcept(context, approvals.except, ['approvals', 'except']);
  return { waitMs, expiresMs, channels: [...new Set(channels)], except };
}

function compileDuration(
  context: CompileContext,
  spelling: string | number | undefined,
  field: string,
  fallback: number,
  least: number,
  most: number,
): number {
  if (spelling === undefined) return fallback;
  const word = parseWindow(spelling);
  const ms = 'ms' in word ? word.ms : parseDuration(spelling);
  if (ms !== undefined && ms >= least && ms <= most) return ms;
  const message = `${JSON.stringify(spelling)} is not a length of time between ${least / 1000} and ${most / 1000} seconds.`;
  context.report('WINDOW', ['approvals', field], message, 'Write text such as "45s" or "10m".');
  return fallback;
}
