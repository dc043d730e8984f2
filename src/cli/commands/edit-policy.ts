import { typed } from '../../clients/change/masking.js';
import { readSnapshot, type Snapshot } from '../../clients/files/read.js';
import { assertNotPacked } from '../../config/bundle.js';
import { loadWithLayers, problemsError } from '../../config/policy-files.js';
import { knownTools } from '../../draft/known-tools.js';
import { writePolicyText } from '../../draft/save.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { editEntry, type Wish } from '../../policy/edit/edit-entry.js';
import { impossibleText, noteText } from '../../policy/edit/edit-note.js';
import { stack } from '../../policy/evaluate/layers.js';
import { checksFor, couldPass, isVisible, resolveEntry } from '../../policy/evaluate/resolve.js';
import type { Checks, Policy } from '../../policy/model.js';
import { shortList } from '../../text/count.js';
import { printable } from '../../text/escape.js';
import { nearest } from '../../text/suggest.js';
import type { StateOptions } from '../open-state.js';
import { assertNoAgent, assertPerson } from '../person.js';
import { policyDiff } from '../policy-diff.js';
import { holdsText, liveSessions, policyOfServer } from '../policy-in-force.js';
import type { Terminal } from '../terminal.js';

export interface EditOptions extends StateOptions {
  readonly policy?: string | undefined;
  readonly reason?: string | undefined;
  /** Only show. */
  readonly dryRun?: boolean | undefined;
}

type Edit = (server: string, tool: string, options: EditOptions, io: Terminal) => Promise<number>;

export const allow: Edit = (server, tool, options, io) => edit(server, tool, { kind: 'allow' }, options, io);
export const hide: Edit = (server, tool, options, io) => edit(server, tool, { kind: 'hide' }, options, io);
export const ask: Edit = (server, tool, options, io) =>
  edit(server, tool, { kind: 'ask', reason: options.reason }, options, io);
export const deny: Edit = (server, tool, options, io) =>
  edit(server, tool, { kind: 'deny', reason: options.reason }, options, io);

/** @param rate `10/hour` */
export function limit(
  server: string,
  tool: string,
  rate: string,
  options: EditOptions,
  io: Terminal,
): Promise<number> {
  return edit(server, tool, { kind: 'limit', rate }, options, io);
}

/**
 * Edits the policy that holds for a server: shows the difference, and writes it when the whole is a policy that can be
 * used. Running wrappers read it at once. The version before is kept beside it.
 *
 * @throws PolicyWrapError REFUSED where no person sits; NOT_FOUND, USAGE, POLICY_INVALID, CONFIG_CONFLICT
 */
async function edit(
  server: string,
  tool: string,
  wish: Wish,
  options: EditOptions,
  io: Terminal,
): Promise<number> {
  // What lets something through needs a terminal, as everywhere; what stops something does not.
  if (wish.kind === 'deny' || wish.kind === 'hide') assertNoAgent(wish.kind, io);
  else if (!options.dryRun) assertPerson(wish.kind, io);
  if (tool === '' || tool.length > 256) throw new PolicyWrapError('USAGE', 'which tool, or which pattern?');
  const place = policyOfServer(server, options, io);
  assertNotPacked(place.file);
  const before = place.kind === 'file' ? readSnapshot(place.file) : undefined;
  const old = before?.text ?? (place.kind === 'new' ? place.text : '');
  const policy = usable(old, place.file, 'It was not edited; mend it first.');
  assertListed(server, tool, policy, options);

  const { text, impossible, ...edit } = editEntry(old, policy.own, tool, wish);
  const notes = edit.notes.map(noteText);
  if (impossible !== undefined)
    throw new PolicyWrapError('REFUSED', `${printable(tool)}: ${impossibleText(impossible)}`, {
      hint: 'Allow it first.',
    });
  const edited = usable(text, place.file, `${wish.kind} ${printable(tool)} was not done.`, old);
  const still = wish.kind === 'allow' || wish.kind === 'ask' ? stillRefused(server, tool, edited) : undefined;
  if (still !== undefined)
    throw new PolicyWrapError('REFUSED', `${printable(tool)} would stay refused: ${still.why}`, {
      hint: `${still.mend} Nothing was written.`,
    });
  if (text === old && place.kind === 'file') {
    await io.out.write(
      `Nothing to change in ${printable(place.file)}: ${notes.join('; ') || 'it says so already'}.\n`,
    );
    if (wish.kind === 'allow')
      await io.out.write(askingText(tool, policy) + limitsText(server, tool, policy));
    return EXIT.done;
  }
  if (place.kind === 'new')
    await io.err.write(
      `${printable(server)} has no policy file yet: ${printable(place.file)} is made from ${beginningText(place.preset)}.\n`,
    );
  await io.out.write(policyDiff(place.file, old, text, io.out));
  for (const note of notes) await io.out.write(`${sentence(printable(note))}\n`);
  if (wish.kind === 'hide' && tool.includes('*'))
    await io.out.write(matchedText(server, tool, edited.own, options));
  if (wish.kind === 'limit' && !isVisible(edited.own, tool, 'all'))
    await io.out.write(`It stays hidden; to show it: policy-wrap allow ${typed(server)} ${typed(tool)}\n`);
  if (options.dryRun) return EXIT.done;
  await write(place.file, before, text, io);
  const holds = holdsText(liveSessions(server, options, io).length, `${printable(server)} is not running`);
  await io.out.write(`${printable(tool)} of ${printable(server)}: ${DONE[wish.kind]}. ${holds}\n`);
  return EXIT.done;
}

/** What a file that is not there yet begins with. */
function beginningText(preset: string | undefined): string {
  return preset === undefined
    ? 'nothing: there was none, and every call was refused'
    : `the preset ${preset}, which held until now`;
}

/** A rule that asks about some calls of every tool still does: it is answered call by call. */
function askingText(tool: string, usable: Usable): string {
  return checksOf(tool, usable).some(({ approveIf }) => approveIf.length > 0)
    ? 'Rules under approve_if still ask a person about some calls. What waits, and how to let it through: policy-wrap approvals\n'
    : '';
}

/** A limit that is used up is no rule against the tool: what gives it back. */
function limitsText(server: string, tool: string, usable: Usable): string {
  const counters = checksOf(tool, usable).flatMap(({ limits }) => limits.map(({ counter }) => counter));
  const lines = [...new Set(counters)].map(
    (counter) => `  policy-wrap reset ${typed(counter)} --server ${typed(server)}\n`,
  );
  return lines.length === 0
    ? ''
    : `Its limits stay. Where one is used up, this empties it:\n${lines.join('')}`;
}

/** What is looked at when a tool is called: its entry and the rules over all tools, of every layer. */
function checksOf(tool: string, { own, extended }: Usable): readonly Checks[] {
  return stack(own, extended).all.flatMap((policy) => checksFor(policy, tool).toReversed());
}

/** The tools of a server that a pattern takes, as far as they are known. */
function matchedText(server: string, pattern: string, { hide }: Policy, { db }: EditOptions): string {
  const found = hide.find(({ text }) => text === pattern);
  const names = knownTools(server, db).filter((name) => found?.matches(name));
  return names.length === 0
    ? ''
    : `It takes: ${[...new Set(names)].map((name) => printable(name)).join(', ')}\n`;
}

const DONE = {
  allow: 'allowed',
  ask: 'a person is asked',
  deny: 'refused',
  hide: 'hidden',
  limit: 'limited',
} as const satisfies Record<Wish['kind'], string>;

interface Usable {
  readonly own: Policy;
  readonly extended: readonly Policy[];
}

/** @param before the text without the edit: it was right, so what is wrong now came with what was typed */
function usable(text: string, file: string, hint: string, before?: string): Usable {
  const found = loadWithLayers(text, file);
  if (found.kind === 'policy') return { own: found.policy, extended: found.extended };
  if (before === undefined) {
    const { message } = problemsError(found);
    throw new PolicyWrapError('POLICY_INVALID', message, { hint });
  }
  const [problem] = found.problems;
  throw new PolicyWrapError('USAGE', `${problem?.message ?? 'the policy would be wrong'}`, {
    hint: `${problem?.likely === undefined ? (problem?.hint ?? '') : `Did you mean ${problem.likely}?`} ${hint}`.trim(),
  });
}

/** A rule for a tool that the server does not have holds for nothing, while a person relies on it. */
function assertListed(server: string, tool: string, { own }: Usable, { db }: EditOptions): void {
  const tools = knownTools(server, db);
  if (tools.length === 0 || tool.includes('*') || tools.includes(tool) || own.tools.has(tool)) return;
  const likely = nearest(tool, tools);
  throw new PolicyWrapError('NOT_FOUND', `${printable(server)} has no tool ${printable(tool)}`, {
    hint:
      likely === undefined
        ? `It has: ${shortList(
            tools.map((name) => printable(name)),
            12,
          )}`
        : `Did you mean ${printable(likely)}?`,
  });
}

/** Why no call could pass all the same: another rule of this file, or a file that this one extends. */
function stillRefused(
  server: string,
  tool: string,
  { own, extended }: Usable,
): { readonly why: string; readonly mend: string } | undefined {
  if (tool.includes('*')) return undefined;
  for (const policy of stack(own, extended).all) {
    const where = policy.source;
    const resolved = resolveEntry(policy, tool);
    if (couldPass(policy, resolved)) continue;
    if (resolved.kind === 'refused')
      return { why: `${where}: ${resolved.refusal.explanation}`, mend: `Edit ${where}.` };
    const pattern = policy.hide.find((name) => name.matches(tool) || name.matchesLookalike(tool));
    const why = !isVisible(policy, tool, 'all')
      ? `${where} hides it by ${pattern ? `"${pattern.text}" in "hide"` : 'another entry'}`
      : `${where} refuses every call of it, by a limit of 0 or a rule for all tools`;
    const mend =
      pattern && policy === own
        ? `To show all of those: policy-wrap allow ${printable(server)} '${pattern.text}'.`
        : `Edit ${where}.`;
    return { why, mend };
  }
  return undefined;
}

async function write(file: string, before: Snapshot | undefined, text: string, io: Terminal): Promise<void> {
  const kept = writePolicyText(file, before, text, io.now());
  await io.out.write(`Written: ${printable(file)}\n`);
  if (kept !== undefined) await io.out.write(`Before:  ${printable(kept)}\n`);
}

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
