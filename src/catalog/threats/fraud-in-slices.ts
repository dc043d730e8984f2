import { moneyArguments } from '../arguments.js';
import { CREATE_PAYMENT } from './examples.js';
import { sampleArguments, variedArguments } from './sample.js';
import { safeMcpRow } from './sources.js';
import type { Step, Threat } from './threat.js';
import { attack, entry, isOf, isRequired, pathTo, perTool, when } from './tools-of.js';

export const FRAUD_IN_SLICES: Threat = {
  id: 'fraud-in-slices',
  title: 'Fraud in slices',
  how: 'Many payments, each too small to be looked at, add up. A limit on each amount is what the slices are cut by.',
  sources: [safeMcpRow('SAFE-T2104', 'Fraudulent Transactions')],
  opens: 'a tool that moves money or binds to pay',
  sight: 'calls',
  rule: 'The sum of a day is bounded, and single amounts above a bound ask a person.',
  leaves: "One day's sum. It is spent again the next day, so watch what comes near it.",
  example: [{ server: 'bank', tools: [CREATE_PAYMENT] }],
  openings: (servers) =>
    perTool(servers, (at) => {
      if (!isOf(at, 'Financial')) return undefined;
      const amounts = moneyArguments(at.tool.inputSchema);
      const amount = amounts.find((each) => isRequired(at.tool, each)) ?? amounts[0];
      const given = Object.fromEntries(amounts.map((each) => [each, 90]));
      const args = sampleArguments(at.tool.inputSchema, given);
      const counted =
        amount === undefined
          ? { counter: `${at.tool.name} calls`, window: 'day', max: 20 }
          : { counter: `${at.tool.name} ${amount}`, window: 'day', max: 1000, amount: pathTo(amount) };
      const slices: Step = {
        ...at,
        args,
        // Every five minutes for eight hours; whoever is held up goes on the same day.
        times: 96,
        every: 300,
        patience: DAY,
        anew: true,
        ...(amount !== undefined && { least: { [amount]: 2 } }),
      };
      const others = variedArguments(at.tool.inputSchema, amounts);
      return {
        why: amount === undefined ? 'it moves money' : `argument "${amount}" is money`,
        attacks: [
          attack('96 slices in a day, over several conversations', slices),
          ...(others === undefined ? [] : [attack('slices that differ in all else', { ...slices, others })]),
        ],
        fix: entry(at, {
          ...(amount !== undefined && {
            approve_if: [when(pathTo(amount), 'gt', 100, 'Amounts above 100 are looked at by a person.')],
          }),
          limits: [counted],
        }),
      };
    }),
};

const DAY = 86_400;
