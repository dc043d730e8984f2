import { statSync } from 'node:fs';
import * as z from 'zod/mini';
import { readTextFile } from '../config/text-file.js';
import { PolicyWrapError } from '../errors.js';
import { writePrivate } from '../files/whole-file.js';
import { printable } from '../text/escape.js';
import { EVENTS } from './notice.js';
import { parseTime } from './quiet.js';

/** Where a person wants to be told, and of what. In no policy: others ship those, and would be told too. */

const name = z
  .string()
  .check(z.regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, 'a name is a-z, 0-9, - and _, at most 32'));
const address = z
  .string()
  .check(z.refine((text) => isAddress(text), 'an address that begins with https:// or http://'));
const time = z.string().check(z.refine((text) => parseTime(text) !== undefined, 'a time is written HH:MM'));
const events = z.optional(z.array(z.enum(EVENTS)));
/** Messages carry values of calls only where a person wants that. */
const common = { events, arguments: z.optional(z.boolean()) };

const CHANNEL = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('desktop'), ...common }),
  z.strictObject({ type: z.literal('ntfy'), url: address, token: z.optional(z.string()), ...common }),
  z.strictObject({ type: z.literal('webhook'), url: address, secret: z.string(), ...common }),
  z.strictObject({ type: z.literal('slack'), url: address, ...common }),
  z.strictObject({ type: z.literal('teams'), url: address, ...common }),
]);

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const SETTINGS = z.strictObject({
  version: z.literal('1'),
  channels: z.record(name, CHANNEL),
  /** Nothing is sent meanwhile; what still happens afterwards is. */
  quiet: z.optional(
    z.strictObject({
      from: time,
      to: time,
      days: z.optional(z.array(z.enum(DAYS))),
      timezone: z.optional(z.string()),
      /** What is told all the same. */
      except: events,
    }),
  ),
  /** A collector that takes OTLP over HTTP, which is sent what every call came to. */
  telemetry: z.optional(
    z.strictObject({ endpoint: address, headers: z.optional(z.record(z.string(), z.string())) }),
  ),
  /** Messages in an hour, by all wrappers of this machine together. */
  per_hour: z.optional(z.number().check(z.int(), z.gte(1), z.lte(1000))),
});

export type ChannelSettings = z.infer<typeof CHANNEL>;
export type ChannelType = ChannelSettings['type'];
export type NotifySettings = z.infer<typeof SETTINGS>;
export type TelemetrySettings = NonNullable<NotifySettings['telemetry']>;

export const CHANNEL_TYPES: readonly ChannelType[] = ['desktop', 'ntfy', 'webhook', 'slack', 'teams'];
/** Where `per_hour` says nothing. */
export const PER_HOUR = 30;
export const NONE: NotifySettings = { version: '1', channels: {} };

function isAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/**
 * @returns undefined where there is no such file
 * @throws PolicyWrapError CONFIG_INVALID for one that cannot be read or that others may write: it says where messages go
 */
export function readSettings(file: string): NotifySettings | undefined {
  const text = readTextFile(file, 'the file of notifications', 'CONFIG_INVALID');
  if (text === undefined) return undefined;
  const { mode, uid } = statSync(file);
  if (process.platform !== 'win32' && ((mode & 0o077) !== 0 || uid !== process.getuid?.()))
    throw new PolicyWrapError(
      'CONFIG_INVALID',
      `${file}: others may read or write it, and it holds addresses that are secrets`,
      {
        hint: `Make it yours alone: chmod 600 ${file}.`,
      },
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not the words of the error: they repeat a part of the file.
    throw new PolicyWrapError('CONFIG_INVALID', `${file}: it is no JSON`);
  }
  const read = SETTINGS.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new PolicyWrapError(
    'CONFIG_INVALID',
    `${file}: ${where === '' ? '' : `${where}: `}${issue === undefined ? 'it is wrong' : saidOf(issue)}`,
  );
}

/** The library's own words for a key that is too much do not name it. */
function saidOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') return issue.message;
  return `there is no setting ${issue.keys.map((key) => `"${printable(key)}"`).join(', ')}`;
}

/** Replaces the file as one step; mode 0600, since addresses of channels are secrets. */
export function writeSettings(file: string, settings: NotifySettings): void {
  writePrivate(file, `${JSON.stringify(settings, null, 2)}\n`);
}
