import { propertiesOf } from '../arguments.js';
import { setOf, wordsOf } from '../words.js';
import { CREATE_PAYMENT } from './examples.js';
import { addressPlaces } from './outbound-fetch.js';
import { sampleArguments } from './sample.js';
import type { Threat } from './threat.js';
import { attack, entry, flowOf, has, isOf, pathTo, perTool } from './tools-of.js';

const SAME = setOf('push sync upload share set update edit put replace');
const FRESH = /(idempotency|request|trace|client)_?(key|id|token)$|^nonce$/i;

export const DOUBLE_EFFECT: Threat = {
  id: 'double-effect',
  title: 'Double effect on retry',
  how: 'The server has acted, and its answer was lost: a time-out, a restart. The agent tries again, and there are two payments, two invoices, two mails.',
  sources: [
    {
      name: 'RFC 9110, 9.2.2, Idempotent Methods',
      url: 'https://www.rfc-editor.org/rfc/rfc9110#name-idempotent-methods',
    },
  ],
  opens: 'a tool that spends, or sends something to others',
  sight: 'calls',
  rule: 'The same arguments once in 24 hours, whatever came of it; a fresh key for the retry makes no other call of it.',
  leaves:
    'A retry that words something differently. Put the keys of the document for "args" where they are known.',
  example: [{ server: 'bank', tools: [CREATE_PAYMENT] }],
  openings: (servers) =>
    perTool(servers, (at) => {
      // What goes out for text may do so twice, and so may what only brings others to the state that it names.
      const goes = addressPlaces(at.tool).some(({ key }) => flowOf(at, 'sends') === `argument "${key}"`);
      const repeats =
        goes || has(at, 'untrusted') || wordsOf(at.tool.name.slice(0, 200)).some((word) => SAME.has(word));
      const acts = isOf(at, 'Financial') || (isOf(at, 'Write') && has(at, 'sends') && !repeats);
      if (!acts) return undefined;
      const fresh = propertiesOf(at.tool.inputSchema)
        .map(([name]) => name)
        .filter((name) => FRESH.test(name));
      const args = sampleArguments(at.tool.inputSchema);
      return {
        why: 'doing it twice is not doing it once',
        attacks: [
          attack('again after a minute', { ...at, args, fails: true, every: 60 }, { ...at, args }),
          attack(
            'again after an hour, by a wrapper that was started anew',
            { ...at, args, fails: true, every: 3600 },
            { ...at, args, anew: true },
          ),
          ...(fresh.length === 0
            ? []
            : [
                attack(
                  'again with a fresh key',
                  { ...at, args, fails: true, every: 60 },
                  { ...at, args: { ...args, ...Object.fromEntries(fresh.map((name) => [name, 'fresh'])) } },
                ),
              ]),
        ],
        fix: entry(at, {
          limits: [
            {
              counter: `${at.tool.name} once`,
              window: '24h',
              max: 1,
              per: 'args',
              ...(fresh.length > 0 && { except: fresh.map(pathTo) }),
            },
          ],
        }),
      };
    }),
};
