import { isRecord } from '../../json/value.js';
import { SEND_EMAIL } from './examples.js';
import { sampleArguments } from './sample.js';
import { safeMcp } from './sources.js';
import type { Threat } from './threat.js';
import { everyTool } from './tools-of.js';

export const SPARE_ARGUMENT: Threat = {
  id: 'spare-argument',
  title: 'Secret in a spare argument',
  how: "A call carries a key that the tool's schema does not name: notes, the conversation so far, a secret. Many servers take and log whatever comes; a poisoned description asks for such a key and the person never sees it.",
  sources: [safeMcp('SAFE-T1911', 'Parameter Exfiltration')],
  opens: 'any tool that names its arguments',
  sight: 'calls',
  rule: "The tool's own schema must name and accept every argument.",
  leaves: 'What stands in an argument that the schema does name.',
  example: [{ server: 'mail', tools: [SEND_EMAIL] }],
  openings: (servers) =>
    everyTool(servers)
      .filter(({ tool: { inputSchema } }) => isRecord(inputSchema) && isRecord(inputSchema.properties))
      .map((at) => ({
        tools: [at],
        why: 'a key that its schema does not name goes through',
        attacks: [
          [{ ...at, args: sampleArguments(at.tool.inputSchema, { conversation_notes: 'sk-live-51H' }) }],
        ],
        fix: { [at.server]: { all_tools: { arguments: 'declared' } } },
      })),
};
