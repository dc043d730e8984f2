import { expect, test } from 'vitest';
import { withSeparator } from '../../src/cli/forgotten-separator.js';
import { wrapProgram } from '../../src/cli/options.js';
import { addCommands } from '../../src/cli/program.js';
import { ABOVE } from '../support/above.js';
import { cli } from '../support/cli.js';

const env = { PATH: process.env.PATH };
const program = wrapProgram(async () => {});
addCommands(program, [], () => {}, ABOVE);

test.each<[string, string]>([
  ['mcp-afip', 'policy-wrap -- mcp-afip'],
  ['--policy p.json npx -y s', 'policy-wrap --policy p.json -- npx -y s'],
  [
    '--policy=p.json --observe --db s.db mcp-afip',
    'policy-wrap --policy=p.json --observe --db s.db -- mcp-afip',
  ],
  ['-p p.json --synchronous full npx s', 'policy-wrap -p p.json --synchronous full -- npx s'],
  ['--policy=p.json mcp-afip', 'policy-wrap --policy=p.json -- mcp-afip'],
  ['run mcp-afip', 'policy-wrap run -- mcp-afip'],
  ['tools npx -y s', 'policy-wrap tools -- npx -y s'],
  ['tools --json mcp-afip', 'policy-wrap tools --json -- mcp-afip'],
  ['check p.json mcp-afip', 'policy-wrap check p.json -- mcp-afip'],
  ['doctor mcp-afip', 'policy-wrap doctor -- mcp-afip'],
  ['npx s --token hunter2', 'policy-wrap -- npx s --token ***'],
])('a forgotten separator is put in: policy-wrap %s', (line, meant) => {
  expect(withSeparator(line.split(' '), program)).toBe(meant);
});

test('it is told, and nothing is started', () => {
  const { code, stdout, stderr } = cli(['mcp-afip'], { env });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('Put -- before the server: policy-wrap -- mcp-afip\n');
});

test.each([
  'status extra',
  'install cursor afip files --bogus',
  '--no-such-option mcp-afip',
  'tools --no-such-option mcp-afip',
  'tools --no-such-option -- mcp-afip',
  '--policy',
])('where no server is seen nothing is put in: policy-wrap %s', (line) => {
  expect(withSeparator(line.split(' '), program)).toBeUndefined();
});
