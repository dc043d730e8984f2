import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { inShell, PYTHON } from '../support/asking.js';
import { BIN, RECORDER, Rig } from '../support/rig.js';
import { Screen } from './screen.js';
import { svgOf } from './svg.js';

const COLUMNS = 80;
const ENTER = '\r';
const DESKTOP = '.config/Claude/claude_desktop_config.json';
/** A person's configuration: a server by npx, one whose command is missing, one that is remote. */
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
/** What that server lists, as far as it is shown. */
const TOOLS = [
  ...['read_text_file', 'list_directory', 'search_files', 'get_file_info'],
  ...['write_file', 'edit_file', 'create_directory', 'move_file', 'delete_file'],
];

/**
 * The recording of the README. `npm run record` writes it anew; without that, it must be what the commands print today.
 */
test.skipIf(PYTHON === undefined)('docs/recordings/setup is what is seen today', async () => {
  await using rig = new Rig();
  const put = (name: string, text: string): string => {
    const path = join(rig.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  };
  const config = put(DESKTOP, CONFIG);
  // In the place of a download: no test leaves the machine.
  const npx = `#!/bin/sh\nexec "${process.execPath}" "${RECORDER}" '${JSON.stringify({ tools: TOOLS })}'\n`;
  chmodSync(put('bin/npx', npx), 0o755);
  chmodSync(put('bin/policy-wrap', `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`), 0o755);
  const env = {
    PATH: `${join(rig.folder, 'bin')}:${dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: rig.folder,
    TERM: 'xterm-256color',
  };

  const screen = new Screen(COLUMNS);
  const type = async (line: string, answers: readonly (readonly [string, string])[] = []) => {
    screen.write(`\u001b[1m$ ${line}\u001b[22m\r\n`);
    const { code, stdout } = await inShell(['/bin/sh', '-c', line], answers, env);
    expect(code, stdout).toBe(0);
    screen.write(stdout);
  };
  const client = '~/.config/Claude/claude_desktop_config.json';
  await type(`cp ${client} ~/before.json`);
  await type('policy-wrap', [
    ['Set it up now?', ENTER],
    ['to see what they can do?', ENTER],
    ['Which servers shall be protected?', ENTER],
    ['How strict for filesystem?', ENTER],
    ['Write this?', ENTER],
  ]);
  expect(readFileSync(config, 'utf8')).not.toBe(CONFIG);
  screen.write('\r\n');
  await type('policy-wrap uninstall --all --yes 2>&1 | grep Unwrapped');
  await type(`cmp ~/before.json ${client} && echo same`);
  expect(readFileSync(config, 'utf8')).toBe(CONFIG);

  const text = screen.text();
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(COLUMNS);
  expect(text).not.toContain(rig.folder);
  await expect(text).toMatchFileSnapshot('../../docs/recordings/setup.txt');
  const title = 'policy-wrap setup in a terminal; the same as text: docs/recordings/setup.txt';
  await expect(svgOf(screen.lines(), COLUMNS, title)).toMatchFileSnapshot('../../docs/recordings/setup.svg');
});
