import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { reasonOf } from '../errors.js';
import type { Claim } from '../store/store.js';
import { SendError } from './channels/channel.js';
import { openChannel } from './channels/open.js';
import { Poster } from './channels/post.js';
import { messageOf } from './message.js';
import type { Notice } from './notice.js';
import { QuietHours } from './quiet.js';
import { type ChannelSettings, type NotifySettings, PER_HOUR } from './settings.js';

/** What a message waits for at most, in milliseconds, and how often it is sent again when that may help. */
const PATIENCE = 10_000;
const TRIES = 4;
/** The pause before the second try, about four times as long before each next one, in milliseconds. */
const FIRST_PAUSE = 1000;
/** Longest time that a receiver may ask to be left alone for, in milliseconds. */
const LONGEST_PAUSE = 60_000;
/** Messages on their way at a time; what comes beyond is lost, and said to be. */
const ON_THEIR_WAY = 100;
/** What was seen within this time is not looked at again, in milliseconds, and how much of it is remembered. */
const LATELY = 60_000;
const REMEMBERED = 1000;
/** How long the last messages of a wrapper that ends may take, in milliseconds. */
const GRACE = 1500;
const HOUR = 3_600_000;

export interface NotifierParts {
  /** Read anew for each notice: a person may add a channel while wrappers run. @throws PolicyWrapError */
  readonly settings: () => NotifySettings | undefined;
  /** The state decides which wrapper tells it. Undefined where it cannot be asked. */
  readonly claim: (
    key: string,
    terms: {
      readonly againAfterMs: number | undefined;
      readonly perHour: number;
      readonly isFirstClass: boolean;
    },
  ) => Promise<Claim | undefined>;
  /** A message was lost: written down. @param channel its name in the settings */
  readonly lost: (notice: Notice, channel: string, reason: string) => void;
  /** Where the page of this machine is open. */
  readonly link: () => string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** UTC milliseconds. */
  readonly now: () => number;
  /** The pause before a try, spread so that wrappers do not all knock at once. */
  readonly pause?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
}

/** Tells notices in the channels of the person, each once. Never throws and holds nobody up: what fails is written down. */
export class Notifier {
  readonly #parts: NotifierParts;
  readonly #poster: Poster;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** What this process has seen lately: when, by key; `performance.now()`. */
  readonly #told = new Map<string, number>();
  /** When something was told without the state; `performance.now()`. */
  #alone: number[] = [];

  constructor(parts: NotifierParts) {
    this.#parts = parts;
    this.#poster = new Poster(parts.env);
  }

  tell(notice: Notice): void {
    if (this.#stop.signal.aborted || !this.#isNews(notice)) return;
    if (this.#running.size >= ON_THEIR_WAY) {
      this.#parts.lost(notice, '', 'too many were on their way');
      return;
    }
    const running = this.#tell(notice)
      .catch((error: unknown) => this.#parts.lost(notice, '', reasonOf(error)))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Waits a moment for what is on its way. */
  async close(): Promise<void> {
    const isOver = new AbortController();
    await Promise.race([
      Promise.all(this.#running),
      wait(GRACE, undefined, { signal: isOver.signal }).catch(() => {}),
    ]);
    // Else the wrapper would be there until the time is over.
    isOver.abort();
    this.#stop.abort();
    await Promise.all(this.#running);
    await this.#poster.close();
  }

  async #tell(notice: Notice): Promise<void> {
    const settings = this.#parts.settings();
    const channels = Object.entries(settings?.channels ?? {}).filter(
      ([, { events }]) => events === undefined || events.includes(notice.event),
    );
    if (!settings || channels.length === 0) return;
    const at = this.#parts.now();
    if (new QuietHours(settings.quiet).holdBack(notice.event, at)) return;
    const perHour = settings.per_hour ?? PER_HOUR;
    const isFirstClass = notice.event === 'approval';
    const claim = await this.#parts.claim(notice.key, {
      againAfterMs: notice.againAfterMs,
      perHour,
      isFirstClass,
    });
    if (claim?.kind === 'known' || (!claim && !this.#mayAlone(perHour))) return;
    // One more than is allowed says that no more come, so that silence is not taken for peace.
    if (claim?.kind === 'too_many' && !claim.isFirst) return;
    const told = claim?.kind === 'too_many' ? { ...notice, ...tooMany(perHour, isFirstClass) } : notice;
    await Promise.all(channels.map(([name, channel]) => this.#send(told, name, channel, at)));
  }

  /** Where the state cannot be asked, this process alone keeps to what a person wants in an hour. */
  #mayAlone(perHour: number): boolean {
    const now = performance.now();
    this.#alone = this.#alone.filter((at) => now - at < HOUR);
    if (this.#alone.length >= perHour) return false;
    this.#alone.push(now);
    return true;
  }

  async #send(notice: Notice, name: string, settings: ChannelSettings, at: number): Promise<void> {
    const extra = { id: `msg_${randomUUID()}`, at, link: this.#parts.link() };
    const message = messageOf(notice, extra, settings.arguments ?? false);
    const channel = openChannel(settings, this.#poster, this.#parts.env);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await channel.send(message, AbortSignal.any([this.#stop.signal, AbortSignal.timeout(PATIENCE)]));
        return;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const isPassing = error instanceof SendError && error.isPassing && !this.#stop.signal.aborted;
        if (!isPassing || attempt >= TRIES) return this.#parts.lost(notice, name, reason);
        await this.#pause(attempt, error.afterMs);
        if (this.#stop.signal.aborted) return this.#parts.lost(notice, name, reason);
      }
    }
  }

  async #pause(attempt: number, wanted = 0): Promise<void> {
    const usual = FIRST_PAUSE * 4 ** (attempt - 1) * (0.5 + Math.random());
    const ms = Math.min(LONGEST_PAUSE, Math.max(usual, wanted));
    const pause = this.#parts.pause ?? ((time, signal) => wait(time, undefined, { signal, ref: false }));
    await pause(ms, this.#stop.signal).catch(() => {});
  }

  /**
   * Keeps an agent that calls in a loop from asking the state each time. Without the state each wrapper tells by itself:
   * better twice than never.
   */
  #isNews({ key, againAfterMs = LATELY }: Notice): boolean {
    const now = performance.now();
    const before = this.#told.get(key);
    if (before !== undefined && now - before < Math.min(againAfterMs, LATELY)) return false;
    if (this.#told.size >= REMEMBERED) this.#told.clear();
    this.#told.set(key, now);
    return true;
  }
}

function tooMany(perHour: number, isFirstClass: boolean): Pick<Notice, 'title' | 'text'> {
  const kept = isFirstClass ? '' : ', but for calls that wait for you';
  return {
    title: `policy-wrap: too much for ${perHour} messages in an hour`,
    text: `No more are sent for now${kept}. What waits: policy-wrap ui, or policy-wrap status.`,
  };
}
