import { READ_FILE, SEND_EMAIL } from './examples.js';
import { isUnseen, onlyOwn, recipientPlaces, toStrangers } from './recipients.js';
import { atlas, safeMcpRow } from './sources.js';
import type { Threat } from './threat.js';
import { entry, has, isOf, perTool, when } from './tools-of.js';

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
  rule: 'Recipients must be of your own domain or on your own list, unseen copies are refused, and where a call may leave a recipient out, one that names it is looked at by a person.',
  leaves: 'Who shares a domain with you, and what a recipient passes on.',
  example: [{ server: 'mail', tools: [READ_FILE, SEND_EMAIL] }],
  openings: (servers) =>
    perTool(servers, (at) => {
      if (!has(at, 'sends') || isOf(at, 'Destructive')) return undefined;
      const places = recipientPlaces(at.tool);
      if (places.length === 0) return undefined;
      const names = places.map(({ path }) => path.slice('args.'.length));
      const required = places.filter(({ isRequired }) => isRequired);
      const unseen = places.filter((place) => !place.isRequired && isUnseen(place));
      const others = places.filter((place) => !place.isRequired && !isUnseen(place));
      return {
        why: `${names.length === 1 ? 'argument' : 'arguments'} "${names.join('", "')}" ${names.length === 1 ? 'says' : 'say'} who gets it`,
        attacks: places.flatMap((place) => toStrangers(at, place)),
        fix: entry(at, {
          ...(required.length > 0 && { require: required.map(onlyOwn) }),
          ...(unseen.length > 0 && {
            deny_if: unseen.map(({ path }) => when(path, 'exists', true, 'No unseen copies.')),
          }),
          ...(others.length > 0 && {
            approve_if: others.map(({ path }) =>
              when(path, 'exists', true, 'Somebody else gets this, so a person decides.'),
            ),
          }),
        }),
      };
    }),
};
