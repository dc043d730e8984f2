import { isRecord } from '../../json/value.js';
import { propertiesOf } from '../arguments.js';
import { listOf, object, string } from '../tool-definition.js';
import { sampleArguments, variedArguments } from './sample.js';
import { safeMcp } from './sources.js';
import type { Threat, ToolAt } from './threat.js';
import { attack, entry, isOf, isRequired, pathTo, perTool } from './tools-of.js';

/** Lists that say how, and not on what. */
const HOW =
  /(edit|field|include|exclude|expand|column|header|option|tag|label|scope|sort|args|param|filter|type|permission|key)s?$/i;
const SIZE = 500;

export const BATCH_AMPLIFICATION: Threat = {
  id: 'batch-amplification',
  title: 'Batch amplification',
  how: 'One call does what hundreds would: it deletes, sends or pays for each element of a list. A limit on calls counts one.',
  sources: [safeMcp('SAFE-T1104', 'Over-Privileged Tool Abuse')],
  opens: 'a tool that changes something for each element of a list',
  sight: 'calls',
  rule: 'What a call charges is the length of its list.',
  leaves:
    'A list that stands in a text (an address with commas, a file of rows), and one effect that is as large as many.',
  example: [
    {
      server: 'crm',
      tools: [
        {
          name: 'delete_contacts',
          description: 'Deletes contacts.',
          inputSchema: object({ 'ids!': listOf('The contacts', string('An id')) }),
        },
      ],
    },
  ],
  openings: (servers) =>
    perTool(servers, (at) => {
      const list = isOf(at, 'Write', 'Financial', 'Destructive') ? listOfEffects(at) : undefined;
      if (list === undefined) return undefined;
      const [one] = (sampleArguments({ properties: { list: list.schema }, required: ['list'] }).list ??
        []) as unknown[];
      const many = (length: number) => ({ [list.name]: Array.from({ length }, () => one ?? 'x') });
      const args = (length: number) => sampleArguments(at.tool.inputSchema, many(length));
      const others = variedArguments(at.tool.inputSchema, [list.name]);
      return {
        why: `argument "${list.name}" is a list`,
        attacks: [
          attack(`a list of ${SIZE}`, { ...at, args: args(SIZE) }),
          attack('lists of 10, fifty times in a day', {
            ...at,
            args: args(10),
            times: 50,
            every: 60,
            patience: 86_400,
            ...(others !== undefined && { others }),
          }),
        ],
        fix: entry(at, {
          limits: [
            {
              counter: `${at.tool.name} ${list.name}`,
              window: 'day',
              max: 50,
              amount: { count: pathTo(list.name) },
            },
          ],
        }),
      };
    }),
};

function listOfEffects({ tool }: ToolAt): { name: string; schema: unknown } | undefined {
  const found = propertiesOf(tool.inputSchema).find(
    ([name, schema]) =>
      [schema.type].flat().includes('array') &&
      isRequired(tool, name) &&
      !HOW.test(name) &&
      // A server that bounds its lists has said how many.
      !(isRecord(schema) && typeof schema.maxItems === 'number' && schema.maxItems <= 50),
  );
  return found && { name: found[0], schema: found[1] };
}
