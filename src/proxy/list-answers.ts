import { isRecord, own } from '../json/value.js';
import { printable } from '../text/escape.js';
import { Line } from '../wire/lines.js';
import type { McpSession } from '../wire/mcp-session.js';
import { ENVELOPE_KEYS, type Envelope, type Id, lookalikeKey } from '../wire/message.js';
import { carriesWords, type WordList, wordListOf, wordsFault } from '../wire/pinned-answers.js';
import { scanLine } from '../wire/scan-line.js';
import {
  type AmbiguousTool,
  editTools,
  listFault,
  replaceId,
  type ToolEdit,
  toolFault,
  withoutAmbiguousTools,
} from '../wire/tool-list.js';
import type { Gate } from './gate.js';
import { isNamed } from './listed-tools.js';

/** Elements that are left out of a list are named on stderr once each, and no more than this many. */
const NAMED_MAX = 200;

/**
 * The answers of the server's that are edited: lists, from which hidden things are left out, and what else a model
 * reads of the server. What in them could be read in two ways could carry a hidden tool around the filter.
 */
export class ListAnswers {
  readonly #session: McpSession;
  readonly #gate: Gate;
  readonly #warn: (text: string) => void;
  readonly #unreadable: (id: Id, reason: string) => string | undefined;
  readonly #pass: (line: Line, message: Envelope, id: Id) => Line | string | undefined;
  readonly #named = new Set<string>();

  constructor(parts: {
    readonly session: McpSession;
    readonly gate: Gate;
    readonly warn: (text: string) => void;
    /** @returns an error for whoever waits for this answer */
    readonly unreadable: (id: Id, reason: string) => string | undefined;
    /** Takes an answer that nothing is edited of. */
    readonly pass: (line: Line, message: Envelope, id: Id) => Line | string | undefined;
  }) {
    this.#session = parts.session;
    this.#gate = parts.gate;
    this.#warn = parts.warn;
    this.#unreadable = parts.unreadable;
    this.#pass = parts.pass;
  }

  /** Some words may be kept from the client: no answer that can be read in two ways passes. */
  get keepsWords(): boolean {
    return this.#gate.words.areKept || this.#gate.filters('resources') || this.#gate.filters('prompts');
  }

  /** @returns whether the answer to a request by this method is looked at, besides the list of tools */
  looksAt(method: string | undefined): method is string {
    if (method === undefined || !carriesWords(method)) return false;
    return this.#gate.words.areLookedAt || this.#filters(wordListOf(method));
  }

  #filters(list: WordList | undefined): boolean {
    return list !== undefined && this.#gate.filters(list.kind === 'prompt' ? 'prompts' : 'resources');
  }

  tools(line: Line, loosely: Envelope, id: Id): Line | string | undefined {
    let read = line;
    let scanned = scanLine(line);
    let odd: readonly AmbiguousTool[] = [];
    if (!scanned.ok) {
      const rest = withoutAmbiguousTools(line.bytes);
      if (!rest) return this.#unreadable(id, scanned.reason);
      read = Line.of(rest.bytes);
      odd = rest.odd;
      scanned = scanLine(read);
    }
    const message = scanned.ok ? (scanned.value as Envelope) : loosely;
    const reason = scanned.ok ? (lookalikeKey(message, ENVELOPE_KEYS) ?? listFault(message)) : scanned.reason;
    if (reason !== undefined) return this.#unreadable(id, reason);
    const { lists } = this.#gate;
    const { unready } = lists;
    if (unready !== undefined) return this.#unreadable(id, unready);
    const answered = this.#session.takeSentRequest(id);
    if (!answered) return undefined;
    lists.beginPage(answered.request.isLaterPage);
    for (const tool of odd) lists.leaveOut(tool);
    const before = answered.id === id ? read.text : replaceId(read.text, answered.id);
    const edited = editTools(before, message, (tool, raw) => {
      const fault = toolFault(tool);
      if (fault) lists.leaveOut(fault);
      if (fault) return 'drop';
      return isNamed(tool) ? lists.edit(tool, raw) : 'keep';
    });
    lists.endPage(hasNextPage(message));
    return edited === before && answered.id === id ? read : edited;
  }

  /** Prompts, resources and instructions: what a model reads besides tools. */
  words(line: Line, loosely: Envelope, id: Id, method: string): Line | string | undefined {
    const { words } = this.#gate;
    const scanned = scanLine(line);
    const message = scanned.ok ? (scanned.value as Envelope) : loosely;
    const list = wordListOf(method);
    const filters = this.#filters(list);
    const fault = scanned.ok ? wordsFault(message, list) : scanned.reason;
    const isUnready = words.areKept && list && this.#gate.lists.unready;
    const reason = words.areKept || filters ? (fault ?? (isUnready || undefined)) : undefined;
    if (reason !== undefined) return this.#unreadable(id, reason);
    if (fault !== undefined) return this.#pass(line, message, id);
    const answered = this.#session.takeSentRequest(id);
    if (!answered) return undefined;
    if (method === 'initialize') this.#session.readServer(message);
    const before = answered.id === id ? line.text : replaceId(line.text, answered.id);
    if (!list) {
      const shown = words.greeting(before, message);
      return shown === before && answered.id === id ? line : shown;
    }
    const compares = words.areLookedAt;
    if (compares) words.beginPage(list, answered.request.isLaterPage);
    const edit = (element: unknown, raw: string): ToolEdit => {
      const edited = compares ? words.edit(list, element, raw) : 'keep';
      return edited !== 'drop' && filters && !this.#isShown(list, element) ? 'drop' : edited;
    };
    const edited = editTools(before, message, edit, list.member);
    if (compares) words.endPage(list, hasNextPage(message));
    return edited === before && answered.id === id ? line : edited;
  }

  #isShown({ kind, key }: WordList, element: unknown): boolean {
    const what = isRecord(element) ? own(element, key) : undefined;
    const isClear = isRecord(element) && lookalikeKey(element, new Set([key]), new Set([key.toLowerCase()]));
    const shown =
      typeof what === 'string' && isClear === undefined ? this.#gate.shows(kind, what) : undefined;
    if (shown === undefined) this.#say(`left out: a ${kind} whose ${key} cannot be told: ${String(what)}`);
    return shown === true;
  }

  #say(what: string): void {
    if (this.#named.size >= NAMED_MAX || this.#named.has(what)) return;
    this.#named.add(what);
    this.#warn(printable(what, 300));
  }
}

function hasNextPage({ result }: Envelope): boolean {
  return isRecord(result) && typeof result.nextCursor === 'string';
}
