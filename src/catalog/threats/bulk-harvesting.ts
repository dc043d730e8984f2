import { setOf } from '../words.js';
import { LIST_CUSTOMERS } from './examples.js';
import { sampleArguments } from './sample.js';
import { safeMcp } from './sources.js';
import type { Threat } from './threat.js';
import { argumentOf, entry, has, isOf, isRequired, pathTo, perTool } from './tools-of.js';

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
  rule: 'A day has a budget of rows: the size of the page is what a call charges.',
  leaves: 'Where no argument says how many rows come, only calls are counted.',
  example: [{ server: 'crm', tools: [LIST_CUSTOMERS] }],
  openings: (servers) =>
    perTool(servers, (at) => {
      if (!isOf(at, 'Read') || !has(at, 'private')) return undefined;
      const size = argumentOf(at.tool, SIZES, 'number');
      const page = argumentOf(at.tool, PAGES, 'number') ?? argumentOf(at.tool, PAGES, 'string');
      if (size === undefined && page === undefined) return undefined;
      const isNumber = argumentOf(at.tool, PAGES, 'number') !== undefined;
      const args = sampleArguments(at.tool.inputSchema, size === undefined ? {} : { [size]: 100 });
      const counted = size !== undefined && isRequired(at.tool, size);
      return {
        why: `argument "${size ?? page}" pages through what is private`,
        attacks: [
          [
            {
              ...at,
              args,
              times: 200,
              // Twelve a minute.
              every: 5,
              ...(page === undefined && size !== undefined && { vary: (n: number) => ({ [size]: 100 + n }) }),
              ...(page !== undefined && { vary: (n: number) => ({ [page]: isNumber ? n + 1 : `p${n}` }) }),
            },
          ],
        ],
        fix: entry(at, {
          limits: [
            counted && size !== undefined
              ? { counter: `${at.tool.name} rows`, window: 'day', max: 2000, amount: pathTo(size) }
              : { counter: `${at.tool.name} pages`, window: 'day', max: 40 },
          ],
        }),
      };
    }),
};
