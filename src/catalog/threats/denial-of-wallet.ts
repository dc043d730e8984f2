import { number, object, string } from '../tool-definition.js';
import { setOf } from '../words.js';
import { sampleArguments, variedArguments } from './sample.js';
import { safeMcp } from './sources.js';
import type { Step, Threat } from './threat.js';
import { argumentOf, attack, entry, isOf, isRequired, pathTo, perTool } from './tools-of.js';

const DEAR = setOf('tokens maxtokens seconds duration minutes images samples n count credits pages');
const WORK =
  /generat|complet|infer|embed|transcri|synthe|render|train|translat|crawl|research|image|speech|video|sampling/i;

export const DENIAL_OF_WALLET: Threat = {
  id: 'denial-of-wallet',
  title: 'Denial of wallet',
  how: 'Few calls, each as dear as the tool allows: the longest answer of the largest model, hours of video, thousands of pages to crawl. No limit on the number of calls notices.',
  sources: [
    safeMcp('SAFE-T1106', 'Autonomous Loop Exploit'),
    {
      name: 'OWASP LLM10:2025, Unbounded Consumption',
      url: 'https://genai.owasp.org/llmrisk/llm102025-unbounded-consumption/',
    },
  ],
  opens: 'a tool that is paid by how much it does, with an argument that says how much',
  sight: 'calls',
  rule: 'A day has a budget in the unit that is paid for: the argument is what a call charges.',
  leaves:
    'Where the argument may be left out, such calls are refused: what the server takes by itself nobody has counted.',
  example: [
    {
      server: 'models',
      tools: [
        {
          name: 'generate_text',
          description: 'Generates text with a model.',
          inputSchema: object({
            'prompt!': string('What is asked'),
            'max_tokens!': number('The longest answer'),
          }),
        },
      ],
    },
  ],
  openings: (servers) =>
    perTool(servers, (at) => {
      const argument = argumentOf(at.tool, DEAR, 'number');
      const works = WORK.test(at.tool.name) || WORK.test(at.tool.description?.slice(0, 200) ?? '');
      if (argument === undefined || !works || isOf(at, 'Destructive')) return undefined;
      const args = sampleArguments(at.tool.inputSchema, { [argument]: 100_000 });
      const dear: Step = {
        ...at,
        args,
        times: 72,
        every: 1200,
        patience: 86_400,
        least: { [argument]: 10_000 },
      };
      const others = variedArguments(at.tool.inputSchema, [argument]);
      return {
        why: `argument "${argument}" says how much is done`,
        // Every 20 minutes for a day.
        attacks: [
          attack('72 dear calls in a day', { ...dear, anew: true }),
          ...(others === undefined
            ? []
            : [attack('the same, each with something else', { ...dear, others })]),
        ],
        fix: entry(at, {
          limits: [
            { counter: `${at.tool.name} ${argument}`, window: 'day', max: 200_000, amount: pathTo(argument) },
            ...(isRequired(at.tool, argument)
              ? []
              : [{ counter: `${at.tool.name} calls`, window: 'day', max: 50 }]),
          ],
        }),
      };
    }),
};
