import { setOf } from '../words.js';
import { LIST_CUSTOMERS } from './examples.js';
import { sampleArguments } from './sample.js';
import { safeMcp } from './sources.js';
import type { Step, Threat } from './threat.js';
import { argumentOf, attack, entry, has, isOf, isRequired, pathTo, perTool } from './tools-of.js';

const SIZES = setOf('limit size pagesize perpage records results count first top rows');
const PAGES = setOf('page offset cursor token skip start after');

export const BULK_HARVESTING: Threat = {
  id: 'bulk-harvesting',
  title: 'Bulk harvesting',
  how: 'Page after page, at a pace that no rate limit notices, until all customers, mails or records have been through the model, and so through its provider and its log.',
  sources: [
    safeMcp('SAFE-T1801', 'Automated Data Harvesting'),
    safeMcp('SAFE-T1803', 'Database Dump'),
    safeMcp('SAFE-T1804', 'API Data Harvest'),
  ],
  opens: 'a tool that reads what is private, page by page',
  sight: 'calls',
  rule: 'A day has a budget of rows, where the size of the page is what a call charges, and one of pages.',
  leaves: 'Where no argument says how many rows come, only calls are counted.',
  example: [{ server: 'crm', tools: [LIST_CUSTOMERS] }],
  openings: (servers) =>
    perTool(servers, (at) => {
      if (!isOf(at, 'Read') || !has(at, 'private')) return undefined;
      const size = argumentOf(at.tool, SIZES, 'number');
      const page = argumentOf(at.tool, PAGES, 'number') ?? argumentOf(at.tool, PAGES, 'string');
      if (size === undefined && page === undefined) return undefined;
      const isNumber = argumentOf(at.tool, PAGES, 'number') !== undefined;
      const counted = size !== undefined && isRequired(at.tool, size);
      const harvest = (rows: number): Step => ({
        ...at,
        args: sampleArguments(at.tool.inputSchema, size === undefined ? {} : { [size]: rows }),
        times: 100,
        // Twelve a minute, and on the same day where a limit holds it up.
        every: 5,
        patience: 86_400,
        anew: true,
        ...(page === undefined && size !== undefined && { vary: (n: number) => ({ [size]: rows + n }) }),
        ...(page !== undefined && { vary: (n: number) => ({ [page]: isNumber ? n + 1 : `p${n}` }) }),
      });
      return {
        why: `argument "${size ?? page}" pages through what is private`,
        attacks: [
          attack('100 pages in a day, over several conversations', harvest(100)),
          ...(counted ? [attack('pages of 0, which many servers take for all', harvest(0))] : []),
        ],
        fix: entry(at, {
          limits: [
            ...(counted && size !== undefined
              ? [{ counter: `${at.tool.name} rows`, window: 'day', max: 2000, amount: pathTo(size) }]
              : []),
            { counter: `${at.tool.name} pages`, window: 'day', max: 40 },
          ],
        }),
      };
    }),
};
