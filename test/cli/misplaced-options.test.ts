import { expect, test } from 'vitest';
import { misplacedOptions } from '../../src/cli/misplaced-options.js';
import { cli } from '../support/cli.js';
import { BIN } from '../support/rig.js';

test.each<[server: string[], says: RegExp | undefined]>([
  [['mcp-afip', '--policy', 'p.json'], /^--policy behind -- is the server's own; .* put it before --$/],
  [['mcp-afip', '--policy=p.json', '--observe'], /^--policy and --observe behind -- .* put them before --$/],
  [['npx', '-y', 's', '--db', 'x', '-p', '1'], undefined],
  [['mcp-afip'], undefined],
  [[], undefined],
])('behind --: %j', (server, says) => {
  if (says === undefined) expect(misplacedOptions(server)).toBeUndefined();
  else expect(misplacedOptions(server)).toMatch(says);
});

test.each([[], ['tools']])(
  'it is told on standard error, and the server is started all the same: %j',
  (...command) => {
    const server = [process.execPath, BIN, 'stand-in', 'afip', '--policy', 'p.json'];
    const { stdout, stderr } = cli([...command, '--preset', 'afip', '--', ...server], {
      env: { PATH: process.env.PATH, HOME: '/nonexistent' },
    });
    expect(stderr).toContain("policy-wrap: --policy behind -- is the server's own");
    if (command.length === 0) expect(stdout).toBe('');
  },
);
