import { READ_FILE } from './examples.js';
import { sampleArguments } from './sample.js';
import { skeleton } from './skeleton.js';
import { owasp, safeMcp } from './sources.js';
import type { Opening, Threat } from './threat.js';
import { attack, canStand, everyTool } from './tools-of.js';

export const TOOL_SHADOWING: Threat = {
  id: 'tool-shadowing',
  title: 'Shadowing and squatting',
  how: "One server lists a tool with the name of another's, or one that looks like it, and gets the calls, and the arguments, that were meant for the other.",
  sources: [
    safeMcp('SAFE-T1004', 'Server Impersonation / Name-Collision'),
    safeMcp('SAFE-T1008', 'Tool Shadowing Attack'),
    safeMcp('SAFE-T1301', 'Cross-Server Tool Shadowing'),
    owasp('MCP03', ', which has tool shadowing among its techniques'),
  ],
  opens: 'two servers with tools of one name, or of names that look alike',
  sight: 'calls',
  rule: 'The name is hidden on the server that is not meant.',
  leaves: 'A description that redirects the model without sharing a name.',
  example: [
    { server: 'files', tools: [READ_FILE] },
    { server: 'notes', tools: [{ ...READ_FILE, name: 'read-file' }] },
  ],
  openings(servers) {
    const seen = new Map<string, Opening['tools'][number]>();
    const openings: Opening[] = [];
    for (const at of everyTool(servers)) {
      const form = skeleton(at.tool.name);
      const other = seen.get(form);
      if (other === undefined) seen.set(form, at);
      else if (other.server !== at.server && canStand(at))
        openings.push({
          tools: [other, at],
          why: 'the two names look alike',
          // Both must be there for one to be taken for the other.
          attacks: [
            attack(
              'both can be called',
              { ...other, args: sampleArguments(other.tool.inputSchema) },
              { ...at, args: sampleArguments(at.tool.inputSchema) },
            ),
          ],
          fix: { [at.server]: { hide: [at.tool.name] } },
        });
    }
    return openings;
  },
};
