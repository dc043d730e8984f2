import { randomBytes } from 'node:crypto';
import { notifyFile } from '../../config/paths.js';
import { EXIT, PolicyWrapError, reasonOf } from '../../errors.js';
import { openChannel } from '../../notify/channels/open.js';
import { Poster } from '../../notify/channels/post.js';
import { messageOf } from '../../notify/message.js';
import { EVENT_WORDS, EVENTS, type NoticeEvent, testNotice } from '../../notify/notice.js';
import { parseTime } from '../../notify/quiet.js';
import {
  CHANNEL_TYPES,
  type ChannelSettings,
  type ChannelType,
  NONE,
  type NotifySettings,
  readSettings,
  writeSettings,
} from '../../notify/settings.js';
import { printable } from '../../text/escape.js';
import { didYouMean } from '../../text/suggest.js';
import { NOTIFY_ACTIONS } from '../actions.js';
import { listChannels } from '../notify-list.js';
import { assertPerson } from '../person.js';
import type { Terminal } from '../terminal.js';

export interface NotifyOptions {
  readonly name?: string;
  readonly events?: string;
  /** Messages of this channel carry the values of a call that waits. */
  readonly arguments?: boolean;
  readonly token?: boolean;
  readonly json?: boolean;
}

/** How long a test waits for each channel, in milliseconds. */
const PATIENCE = 10_000;

/**
 * Says where a person wants to be told what waits, beside the client: in a file of their own, which no policy can change.
 *
 * @param action one of NOTIFY_ACTIONS; `list` when absent
 * @param words what the action is about
 * @throws PolicyWrapError USAGE, NOT_FOUND, CONFIG_INVALID; REFUSED where what is told would change and no person sits
 */
export async function notify(
  action: string | undefined,
  words: readonly string[],
  options: NotifyOptions,
  io: Terminal,
): Promise<number> {
  switch (action) {
    case undefined:
    case 'list':
      return listChannels(options, io);
    case 'add':
      return add(words, options, io);
    case 'test':
      return test(words[0], io);
    case 'remove':
      return remove(words[0], io);
    case 'quiet':
      return quiet(words, io);
    case 'telemetry':
      return telemetry(words[0], io);
    default:
      throw new PolicyWrapError('USAGE', `notify cannot ${printable(action, 40)}`, {
        hint: didYouMean(action, NOTIFY_ACTIONS) ?? `It can ${NOTIFY_ACTIONS.join(', ')}.`,
      });
  }
}

async function add(
  [type, address]: readonly string[],
  options: NotifyOptions,
  io: Terminal,
): Promise<number> {
  assertPerson('notify add', io);
  const kind = typeOf(type);
  const settings = readSettings(notifyFile()) ?? NONE;
  const name = options.name ?? freeName(kind, settings);
  if (Object.hasOwn(settings.channels, name))
    throw new PolicyWrapError('USAGE', `there is a channel ${printable(name)} already`, {
      hint: `Take another --name, or remove it first: policy-wrap notify remove ${printable(name)}`,
    });
  const events = eventsOf(options.events);
  const common = { ...(events && { events }), ...(options.arguments && { arguments: true }) };
  const channel = await channelOf(kind, address, common, options, io);
  write({ ...settings, channels: { ...settings.channels, [name]: channel } });
  await io.out.write(
    `${name} is told ${events ? events.map((event) => EVENT_WORDS[event]).join('; ') : 'everything'}.\n`,
  );
  if (channel.type === 'webhook')
    await io.out.write(
      `What it gets is signed (Standard Webhooks) with this secret; it is shown once:\n\n  ${channel.secret}\n\n`,
    );
  await io.out.write(`Try it: policy-wrap notify test ${name}\n`);
  return EXIT.done;
}

function typeOf(type: string | undefined): ChannelType {
  const found = CHANNEL_TYPES.find((each) => each === type);
  if (found) return found;
  throw new PolicyWrapError(
    'USAGE',
    type === undefined ? 'notify add needs a type' : `there is no type ${printable(type, 40)}`,
    { hint: `It is one of ${CHANNEL_TYPES.join(', ')}: policy-wrap notify add desktop` },
  );
}

async function channelOf(
  type: ChannelType,
  address: string | undefined,
  common: Pick<ChannelSettings, 'events' | 'arguments'>,
  { token }: NotifyOptions,
  io: Terminal,
): Promise<ChannelSettings> {
  if (type === 'desktop') return { type, ...common };
  const url = addressOf(type, address);
  switch (type) {
    case 'webhook':
      return { type, url, secret: `whsec_${randomBytes(24).toString('base64')}`, ...common };
    case 'ntfy': {
      // Asked for, so that it stands in no history of a shell.
      const typed = token ? (await io.ask('Access token: ', { secret: true }))?.trim() : undefined;
      return { type, url, ...(typed && { token: typed }), ...common };
    }
    default:
      return { type, url, ...common };
  }
}

function addressOf(type: ChannelType, address: string | undefined): string {
  const example = type === 'ntfy' ? 'https://ntfy.sh/<topic>' : 'https://...';
  const hint = `policy-wrap notify add ${type} ${example}`;
  if (address === undefined) throw new PolicyWrapError('USAGE', `${type} needs an address`, { hint });
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || (type === 'ntfy' && url.pathname.length < 2))
    throw new PolicyWrapError('USAGE', `not an address for ${type}: ${printable(address, 80)}`, { hint });
  return url.href;
}

function eventsOf(text: string | undefined): NoticeEvent[] | undefined {
  if (text === undefined) return undefined;
  return text.split(',').map((word) => {
    const found = EVENTS.find((event) => event === word.trim());
    if (found) return found;
    throw new PolicyWrapError('USAGE', `nothing is called ${printable(word, 40)}`, {
      hint: `What may be told: ${EVENTS.map((event) => `${event} (${EVENT_WORDS[event]})`).join('; ')}`,
    });
  });
}

function freeName(type: ChannelType, { channels }: NotifySettings): string {
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? type : `${type}${n}`;
    if (!Object.hasOwn(channels, name)) return name;
  }
}

async function test(only: string | undefined, io: Terminal): Promise<number> {
  const { channels } = readSettings(notifyFile()) ?? NONE;
  if (only !== undefined) channelNamed(channels, only);
  const poster = new Poster({ ...io.env });
  const at = io.now();
  const results = await Promise.all(
    Object.entries(channels)
      .filter(([name]) => only === undefined || name === only)
      .map(async ([name, settings]) => {
        const message = messageOf(testNotice(at), { id: `msg_test_${at}`, at, link: undefined }, false);
        try {
          await openChannel(settings, poster, { ...io.env }).send(message, AbortSignal.timeout(PATIENCE));
          return { name, problem: undefined };
        } catch (error) {
          return { name, problem: reasonOf(error) };
        }
      }),
  );
  await poster.close();
  if (results.length === 0)
    throw new PolicyWrapError('NOT_FOUND', 'there is no channel yet', {
      hint: 'policy-wrap notify add desktop',
    });
  for (const { name, problem } of results)
    await io.out.write(problem === undefined ? `${name}: sent\n` : `${name}: ${printable(problem)}\n`);
  return results.some(({ problem }) => problem !== undefined) ? EXIT.failed : EXIT.done;
}

function channelNamed(channels: NotifySettings['channels'], name: string): void {
  if (Object.hasOwn(channels, name)) return;
  throw new PolicyWrapError('NOT_FOUND', `there is no channel ${printable(name, 40)}`, {
    hint: didYouMean(name, Object.keys(channels)) ?? 'policy-wrap notify list',
  });
}

async function remove(name: string | undefined, io: Terminal): Promise<number> {
  assertPerson('notify remove', io);
  if (name === undefined)
    throw new PolicyWrapError('USAGE', 'notify remove needs the name of a channel', {
      hint: 'policy-wrap notify list',
    });
  const settings = readSettings(notifyFile()) ?? NONE;
  channelNamed(settings.channels, name);
  const { [name]: _, ...channels } = settings.channels;
  write({ ...settings, channels });
  await io.out.write(`${name} is told nothing any more.\n`);
  return EXIT.done;
}

/** `quiet 22:00 07:00`, and `quiet off`. */
async function quiet([from, to]: readonly string[], io: Terminal): Promise<number> {
  assertPerson('notify quiet', io);
  const { quiet: before, ...settings } = readSettings(notifyFile()) ?? NONE;
  if (from === 'off') {
    write(settings);
    await io.out.write('No hour is quiet.\n');
    return EXIT.done;
  }
  if (
    from === undefined ||
    to === undefined ||
    parseTime(from) === undefined ||
    parseTime(to) === undefined ||
    from === to
  )
    throw new PolicyWrapError('USAGE', 'notify quiet needs two times of a day', {
      hint: 'policy-wrap notify quiet 22:00 07:00, or: policy-wrap notify quiet off',
    });
  write({ ...settings, quiet: { ...before, from, to } });
  await io.out.write(`Nothing is sent from ${from} to ${to}, by the clock of this machine.\n`);
  return EXIT.done;
}

/** `telemetry http://localhost:4318`, and `telemetry off`. */
async function telemetry(address: string | undefined, io: Terminal): Promise<number> {
  assertPerson('notify telemetry', io);
  const { telemetry: before, ...settings } = readSettings(notifyFile()) ?? NONE;
  if (address === 'off') {
    write(settings);
    await io.out.write('Nothing is sent to a collector.\n');
    return EXIT.done;
  }
  const url = address !== undefined && URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new PolicyWrapError('USAGE', 'notify telemetry needs the address of a collector', {
      hint: 'policy-wrap notify telemetry http://localhost:4318, or: policy-wrap notify telemetry off',
    });
  write({ ...settings, telemetry: { ...before, endpoint: url.href } });
  await io.out.write(
    `Every call of wrappers that start from now on is sent to ${url.host}, without its arguments.\n`,
  );
  return EXIT.done;
}

function write(settings: NotifySettings): void {
  writeSettings(notifyFile(), settings);
}
