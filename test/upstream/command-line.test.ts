import { expect, test } from 'vitest';
import { type CommandLine, readCommandLine } from '../../src/upstream/command-line.js';

const AFIP = '@codespar/mcp-afip';

/** Words are apart by single spaces, except in the rows that give an array. */
test.each<[line: string | string[], expected: Partial<CommandLine>]>([
  ['mcp-afip --x', { through: [], runner: undefined, program: 'mcp-afip', at: 0, args: ['--x'] }],
  ['node --import tsx /x/server.ts --x', { runner: 'node', program: '/x/server.ts', at: 3 }],
  ['node20 /x/weather.js', { runner: 'node', program: '/x/weather.js', name: 'weather' }],
  [`npx -y ${AFIP}@alpha --x`, { runner: 'npx', program: `${AFIP}@alpha`, at: 2, package: AFIP }],
  [`npx -p ${AFIP}@1 mcp-afip`, { program: 'mcp-afip', at: 3, package: AFIP }],
  [`npx --package=${AFIP} mcp-afip`, { program: 'mcp-afip', at: 2, package: AFIP }],
  ['uvx --from git+https://h.example/o/repo@main foo', { program: 'foo', package: 'o/repo' }],
  ['pipx run --spec foo==1 bar', { runner: 'pipx', program: 'bar', package: 'foo' }],
  ['npm exec -- weather', { runner: 'npm', program: 'weather', at: 3, package: 'weather' }],
  ['npm run weather', { runner: 'npm', program: 'weather', package: undefined }],
  ['npm publish now', { runner: 'npm', program: 'npm', at: 0, package: undefined, name: 'npm' }],
  ['bun run x', { runner: 'bun', program: 'x', package: undefined }],
  ['bun x y', { runner: 'bun', program: 'y', package: 'y' }],
  ['npx', { runner: 'npx', program: '', at: undefined, package: undefined, name: 'npx' }],
  ['docker run -i --rm -e A org/image:1', { runner: 'docker', program: 'org/image:1', at: 6 }],
  ['docker compose run weather', { program: 'weather', at: 3 }],
  ['docker compose up weather', { program: 'docker', at: 0 }],
  ['A=1 -- cmd /C env B=2 mcp-afip', { through: ['cmd', 'env'], runner: undefined, at: 6 }],
  [
    ['env', 'A=1', 'sh', '-c', 'cd /x && npx weather --y'],
    { through: ['env', 'sh'], runner: 'npx', program: 'weather', at: undefined, package: 'weather' },
  ],
  ['uv tool run foo', { through: ['uv'], runner: undefined, program: 'foo', at: 3 }],
  ['dotnet run --project=/x/Weather.csproj', { program: '/x/Weather.csproj', at: undefined }],
  [
    'ssh host mcp-afip',
    { through: ['ssh'], runner: undefined, program: 'mcp-afip', name: 'mcp-afip', at: 2 },
  ],
  ['ssh box kubectl exec pod -- python x.py', { program: 'x.py', place: '/box/pod', name: 'x' }],
  ['ssh box sudo python x.py', { place: '/box' }],
  ['docker exec -i db mcp-afip', { place: '/db' }],
  ['docker run node weather.js', { place: undefined }],
  ['sudo node server.js', { program: 'server.js', place: undefined, name: 'server' }],
  ['npx tsx /a/x.ts', { through: ['npx'], runner: 'tsx', program: '/a/x.ts', at: 2, package: undefined }],
  ['docker run node npx -y x', { through: ['docker'], runner: 'npx', at: 5, package: 'x' }],
  ['timeout 30 policy-wrap -- x', { through: ['timeout'], wrapper: 'path', at: 2 }],
  ['npx mcp-remote https://a.example/mcp', { host: 'a.example', name: 'a.example' }],
  ['npx mcp-afip https://a.example/mcp', { host: undefined, name: 'mcp-afip' }],
  ['policy-wrap -- x', { wrapper: 'path', at: 0 }],
  ['/usr/bin/policy-wrap -- x', { wrapper: 'path' }],
  ['mcp-afip -- x', { wrapper: undefined }],
  ['npm publish policy-wrap', { program: 'npm', wrapper: undefined }],
  ['node /x/bin/policy-wrap.js -- x', { wrapper: 'installed', at: 1 }],
  ['node /x/lib/policy-wrap.js -- x', { wrapper: undefined }],
  ['npm exec policy-wrap@1 -- x', { wrapper: 'package', at: 2 }],
  ['npm run policy-wrap -- x', { wrapper: undefined }],
  [['sh', '-c', ''], { through: [], runner: 'sh', program: '', name: 'sh' }],
  [['env', '-S', ' '], { through: [], runner: 'env', program: '', name: 'env' }],
  [['nohup'], { through: [], runner: 'nohup', program: '', name: 'nohup' }],
  [['sudo', '-u', 'x'], { through: [], runner: 'sudo', program: '', name: 'sudo' }],
  [[], { program: '', at: 0, name: undefined, runner: undefined }],
])('%j', (line, expected) => {
  expect(readCommandLine(typeof line === 'string' ? line.split(' ') : line)).toMatchObject(expected);
});

test('runners are read through eight deep, and no further', () => {
  const line = (depth: number) => readCommandLine([...Array<string>(depth).fill('nohup'), 'mcp-afip']);
  expect(line(8)).toMatchObject({ program: 'mcp-afip', at: 8, runner: undefined });
  expect(line(9)).toMatchObject({ program: 'mcp-afip', runner: 'nohup' });
  expect(line(10_000)).toMatchObject({ program: 'nohup', runner: 'nohup' });
});
