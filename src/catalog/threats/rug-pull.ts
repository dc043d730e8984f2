import { READ_FILE } from './examples.js';
import { cve, safeMcp } from './sources.js';
import type { Threat } from './threat.js';
import { CHANGED, TOOL_POISONING } from './tool-poisoning.js';

export const RUG_PULL: Threat = {
  id: 'rug-pull',
  title: 'Rug pull',
  how: 'A server behaves until it is trusted; then a new version, or the same one in the middle of a session, lists the same tool with another description, another argument, another meaning. Clients ask once and never again.',
  sources: [
    safeMcp('SAFE-T1201', 'MCP Rug Pull Attack'),
    cve('CVE-2025-54136', 'a client ran an entry that had changed after it was approved'),
  ],
  opens: 'any server',
  sight: 'pin',
  rule: 'A changed tool is shown as it was trusted, and calls that would mean something else are refused, until a person has seen what is different.',
  leaves: 'A server that behaves differently and lists the same: no definition shows that.',
  example: [{ server: 'files', tools: [READ_FILE] }],
  openings: (servers) =>
    TOOL_POISONING.openings(servers).map((opening) => ({
      ...opening,
      attacks: [CHANGED],
      fix: Object.fromEntries(Object.keys(opening.fix).map((server) => [server, { pin: 'hold' as const }])),
      why: 'what it lists may change after it was trusted',
    })),
};
