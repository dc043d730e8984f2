import { moneyArguments } from '../arguments.js';
import { CREATE_PAYMENT } from './examples.js';
import { sampleArguments } from './sample.js';
import { safeMcp } from './sources.js';
import type { Threat } from './threat.js';
import { attack, entry, isOf, pathTo, perTool, when } from './tools-of.js';

/** Where one of them asks, there is somebody to get tired. */
const LARGE = [50, 150, 1500, 20_000, 1_000_000, 50_000_000];

export const CONSENT_FATIGUE: Threat = {
  id: 'consent-fatigue',
  title: 'Consent fatigue',
  how: 'A person who is asked for every small thing says yes by reflex, and the one question that mattered gets the same yes. Attackers ask often on purpose.',
  sources: [safeMcp('SAFE-T1403', 'Consent-Fatigue Exploit')],
  opens: 'a tool with amounts that a person is asked about, where small ones ask like large ones',
  sight: 'asks',
  rule: 'It lets pass unasked what was asked about: only amounts above a bound ask; below it a sum a day decides. Approve several in advance (`--also`, with a largest amount) where they come in rows.',
  leaves: 'The habit of the person. Severe tools take a value typed in a terminal.',
  example: [{ server: 'bank', tools: [CREATE_PAYMENT] }],
  openings: (servers) =>
    perTool(servers, (at) => {
      const amounts = isOf(at, 'Financial') ? moneyArguments(at.tool.inputSchema) : [];
      const [amount] = amounts;
      if (amount === undefined) return undefined;
      const of = (value: number) =>
        sampleArguments(at.tool.inputSchema, Object.fromEntries(amounts.map((each) => [each, value])));
      return {
        why: `small values of "${amount}" may be asked about like large ones`,
        attacks: [
          attack('a small amount asks like a large one', { ...at, args: of(1), frank: true }),
          ...LARGE.map((value) => attack(`an amount of ${value}`, { ...at, args: of(value), frank: true })),
        ],
        eases: true as const,
        fix: entry(at, {
          approve_if: [when(pathTo(amount), 'gt', 100, 'Amounts above 100 are looked at by a person.')],
          limits: [
            { counter: `${at.tool.name} ${amount}`, window: 'day', max: 1000, amount: pathTo(amount) },
          ],
        }),
      };
    }),
};
