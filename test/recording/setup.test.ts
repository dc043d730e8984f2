import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PYTHON } from '../support/asking.js';
import { Rig } from '../support/rig.js';
import { Recording } from './recording.js';

const ENTER = '\r';
const DESKTOP = '.config/Claude/claude_desktop_config.json';
/** A person's configuration: a server by npx, and one whose command is missing. */
const CONFIG = `{
  "mcpServers": {
    "filesystem": {
      "command": "npx",
      "args": ["-y", "@modelcontextprotocol/server-filesystem", "/home/ana/Documents"]
    },
    "postgres": { "command": "mcp-server-postgres", "args": ["postgresql://localhost/sales"] }
  }
}
`;

test.skipIf(PYTHON === undefined)('docs/recordings/setup is what is seen today', async () => {
  await using rig = new Rig();
  const recording = new Recording(rig);
  const config = recording.put(DESKTOP, CONFIG);
  await recording.type(`cp ~/${DESKTOP} ~/before.json`);
  await recording.type('policy-wrap', [
    ['Set it up now?', ENTER],
    ['to see what they can do?', ENTER],
    ['Which servers shall be protected?', ENTER],
    ['How strict for filesystem?', ENTER],
    ['Write this?', ENTER],
  ]);
  expect(readFileSync(config, 'utf8')).not.toBe(CONFIG);
  recording.gap();
  await recording.type('policy-wrap uninstall --all --yes 2>&1 | grep Unwrapped');
  await recording.type(`cmp ~/before.json ~/${DESKTOP} && echo same`);
  expect(readFileSync(config, 'utf8')).toBe(CONFIG);
  await recording.isThatOf('setup', 'policy-wrap setup in a terminal');
});
