import * as z from 'zod';
import { notifyFile } from '../config/paths.js';
import { EXIT } from '../errors.js';
import { EVENTS } from '../notify/notice.js';
import { type ChannelSettings, NONE, readSettings } from '../notify/settings.js';
import { printable } from '../text/escape.js';
import { MASK } from '../text/masking.js';
import { printJson } from './json-output.js';
import * as parts from './output-parts.js';
import { bold, table } from './table.js';
import type { Terminal } from './terminal.js';

/** What `notify --json` prints. */
export const OUTPUT = parts.result({
  file: parts.text('the settings'),
  channels: z.array(
    z.object({
      name: z.string(),
      type: z.enum(['desktop', 'ntfy', 'webhook', 'slack', 'teams']),
      to: parts.text('where to, without what makes the address a secret'),
      events: z.array(z.string()),
      arguments: z.boolean().describe('the values of a call that waits are sent too'),
    }),
  ),
  quiet: z
    .object({
      from: z.string(),
      to: z.string(),
      days: z.array(z.string()).optional(),
      timezone: z.string().optional(),
      except: z.array(z.string()).optional(),
    })
    .optional(),
  per_hour: z.number().int().optional().describe('most messages in an hour'),
  telemetry: parts.text('the collector').optional(),
});

/** Says who is told what, outside of the client. */
export async function listChannels({ json }: { readonly json?: boolean }, io: Terminal): Promise<number> {
  const file = notifyFile();
  const { channels, quiet, telemetry, per_hour } = readSettings(file) ?? NONE;
  const collector = telemetry && new URL(telemetry.endpoint).host;
  const rows = Object.entries(channels).map(([name, channel]) => ({
    name,
    type: channel.type,
    to: placeOf(channel),
    events: channel.events ?? EVENTS,
    arguments: channel.arguments ?? false,
  }));
  if (json) {
    await printJson(io, OUTPUT, { file, channels: rows, quiet, per_hour, telemetry: collector });
    return EXIT.done;
  }
  if (collector !== undefined) await io.out.write(`Every call is sent to the collector ${collector}.\n`);
  if (rows.length === 0) {
    await io.out.write(
      'Nobody is told outside of the client. To be told on this desktop: policy-wrap notify add desktop\n',
    );
    return EXIT.done;
  }
  const cells = rows.map((row) => [
    ...[row.name, row.type, printable(row.to)],
    `${row.events.length === EVENTS.length ? 'everything' : row.events.join(', ')}${row.arguments ? ', with arguments' : ''}`,
  ]);
  await io.out.write(
    table(io.out, [['name', 'type', 'to', 'what'].map(bold), ...cells], {
      columns: ['whole', 'whole', 'whole', 'prose'],
    }),
  );
  if (quiet) await io.out.write(`Quiet from ${quiet.from} to ${quiet.to}.\n`);
  return EXIT.done;
}

/** Where messages go, without what makes the address a secret. */
function placeOf(channel: ChannelSettings): string {
  return channel.type === 'desktop' ? 'this desktop' : `${new URL(channel.url).origin}/${MASK}`;
}
