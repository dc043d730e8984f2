import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { EXIT, PolicyWrapError } from '../../errors.js';
import type { Origin } from '../../store/shared-store.js';
import type { EventEntry, LogEntry } from '../../store/store.js';
import { printable, printableJson, safeJson } from '../../text/escape.js';
import { decisionLine, eventLine } from '../log-json.js';
import { ocsfDecision, ocsfEvent } from '../ocsf.js';
import { openOne, type StateOptions } from '../open-state.js';
import { type AnyStore, askNow, type StoreOptions } from '../team-store.js';
import { drained, type Terminal } from '../terminal.js';
import { isoTime, sinceOf } from '../time.js';

export interface ExportOptions extends StateOptions, StoreOptions {
  readonly mine?: boolean | undefined;
  readonly format: 'jsonl' | 'csv' | 'ocsf';
  /** Goes on with what is decided from now on, until Ctrl-C. */
  readonly follow?: boolean | undefined;
  readonly output?: string | undefined;
  readonly since?: string | undefined;
}

/** Rows that are in memory at a time. */
const PAGE = 1000;
/** How often it is looked for new rows, in milliseconds. */
const FOLLOW_MS = 500;

type Row =
  | { readonly kind: 'decision'; readonly entry: LogEntry & Partial<Origin> }
  | { readonly kind: 'event'; readonly entry: EventEntry & Partial<Origin> };

/** Writes the whole log, decisions and events by their times, as it was recorded. */
export async function exportLog(options: ExportOptions, io: Terminal): Promise<number> {
  const store = await openOne(options, io);
  try {
    const since = sinceOf(options.since, await askNow(store, io));
    const target = options.output === undefined ? undefined : new File(resolve(options.output));
    const write = target ? (text: string) => target.write(text) : (text: string) => io.out.write(text);
    const written = WRITERS[options.format];
    const heading = options.format === 'csv' ? csvRow(COLUMNS) : '';
    if (heading !== '' && !(await write(heading))) return EXIT.done;
    const from = { since, decision: '0', event: '0', follows: options.follow };
    let length = 0;
    do {
      let text = '';
      for await (const row of rowsOf(store, from, options.mine)) {
        text += written(row);
        if (++length % PAGE !== 0) continue;
        if (!(await write(text))) return EXIT.done;
        text = '';
      }
      // Who reads no more is noticed when there is something to read.
      if (text !== '' && !(await write(text))) return EXIT.done;
    } while (options.follow && (await io.pause(FOLLOW_MS)));
    await target?.end();
    if (target) await io.err.write(`${length} rows in ${printable(options.output ?? '')}\n`);
    return EXIT.done;
  } finally {
    await store.close();
  }
}

/** Where reading goes on: the ids of the last rows of both parts that were read. */
interface Position {
  readonly since: number | undefined;
  readonly follows: boolean | undefined;
  decision: string;
  event: string;
}

/** Both parts of the log, merged by time, a page of each in memory. `from` moves on with what is read. */
async function* rowsOf(store: AnyStore, from: Position, mine?: boolean): AsyncGenerator<Row> {
  const decisions = pages(
    from.since,
    from.decision,
    (filter) => store.log({ ...filter, follows: from.follows, mine }),
    ({ auditId }) => auditId,
  );
  // What is one's own is calls.
  const events = pages(
    from.since,
    from.event,
    (filter) => (mine ? [] : store.events({ ...filter, follows: from.follows })),
    ({ id }) => id,
  );
  let decision = await decisions.next();
  let event = await events.next();
  while (!decision.done || !event.done) {
    if (event.done || (!decision.done && decision.value.at <= event.value.at)) {
      if (decision.done) return;
      from.decision = decision.value.auditId;
      yield { kind: 'decision', entry: decision.value };
      decision = await decisions.next();
    } else {
      from.event = event.value.id;
      yield { kind: 'event', entry: event.value };
      event = await events.next();
    }
  }
}

async function* pages<T extends { readonly at: number }>(
  since: number | undefined,
  afterId: string,
  read: (filter: {
    since?: number | undefined;
    afterId: string;
    limit: number;
  }) => readonly T[] | Promise<readonly T[]>,
  idOf: (entry: T) => string,
): AsyncGenerator<T> {
  let page = await read({ since, afterId, limit: PAGE });
  for (;;) {
    // The first page finds where to begin; on every later one the search for it would cost a walk from there.
    for (const entry of page) if (since === undefined || entry.at >= since) yield entry;
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return;
    page = await read({ afterId: idOf(last), limit: PAGE });
  }
}

/** A file that only its owner can read: arguments may stand in it. */
class File {
  readonly #stream;
  #failure: Error | undefined;

  constructor(path: string) {
    this.#stream = createWriteStream(path, { mode: 0o600 });
    this.#stream.on('error', (error) => {
      this.#failure ??= new PolicyWrapError('REFUSED', `${path} could not be written: ${error.message}`, {
        cause: error,
      });
    });
  }

  async write(text: string): Promise<boolean> {
    if (!this.#failure && !this.#stream.write(text)) await drained(this.#stream);
    if (this.#failure) throw this.#failure;
    return true;
  }

  async end(): Promise<void> {
    if (!this.#failure) {
      this.#stream.end();
      await once(this.#stream, 'close').catch(() => {});
    }
    if (this.#failure) throw this.#failure;
  }
}

const WRITERS: Readonly<Record<ExportOptions['format'], (row: Row) => string>> = {
  jsonl: (row) => `${jsonOf(row)}\n`,
  csv: (row) => csvRow(cellsOf(row)),
  ocsf: (row) => `${row.kind === 'event' ? ocsfEvent(row.entry) : ocsfDecision(row.entry)}\n`,
};

const jsonOf = (row: Row) => (row.kind === 'event' ? eventLine(row.entry) : decisionLine(row.entry, true));

const COLUMNS = (
  'type id at server grant tool decision code rule observe outcome latency_ms ' +
  'client_name client_version session pid policy request_id approval arguments who detail host'
).split(' ');

function cellsOf(row: Row): readonly string[] {
  const at = isoTime(row.entry.at);
  if (row.kind === 'event') {
    const { id, kind, who, host, detail } = row.entry;
    const of = (key: string) => (typeof detail[key] === 'string' ? detail[key] : '');
    const cells = new Map<string, string>([
      ['host', host ?? ''],
      ...Object.entries({ type: 'event', id, at, decision: kind, who, detail: printableJson(detail) }),
      ...['server', 'grant', 'tool', 'approval'].map((key) => [key, of(key)] as const),
    ]);
    return COLUMNS.map((column) => cells.get(column) ?? '');
  }
  const { entry } = row;
  return [
    ...['decision', entry.auditId, at, entry.server, entry.grant, entry.tool, entry.decision, entry.code],
    ...[entry.rule, entry.observe, entry.outcome, entry.latencyMs, entry.clientName, entry.clientVersion],
    ...[entry.session, entry.pid, entry.policyHash, entry.requestId, entry.approval],
    ...[safeJson(entry.arguments), entry.who, '', entry.host],
  ].map((cell) => (cell === undefined ? '' : String(cell)));
}

/**
 * One record by RFC 4180, safe to look at. A cell that a spreadsheet would take for a formula gets an apostrophe in front: a tool may
 * be called `=HYPERLINK(...)`.
 */
export function csvRow(cells: readonly string[]): string {
  const quoted = cells.map((cell) => {
    const shown = printable(cell);
    const safe = /^[=+\-@]/.test(shown) ? `'${shown}` : shown;
    return /[",']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  });
  return `${quoted.join(',')}\r\n`;
}
