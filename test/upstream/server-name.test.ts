import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SERVER_NAME, serverName } from '../../src/upstream/server-name.js';

/** Words are apart by single spaces, except in the rows that give an array. */
const TABLE: [string | string[], string][] = [
  // The program itself, however it is named.
  ['mcp-afip', 'mcp-afip'],
  ['mcp-afip --verbose', 'mcp-afip'],
  ['MCP-Afip', 'mcp-afip'],
  ['mcp-afip.cmd', 'mcp-afip'],
  ['mcp-afip.EXE', 'mcp-afip'],
  ['/abs/path/mcp-afip', 'mcp-afip'],
  ['./node_modules/.bin/mcp-afip', 'mcp-afip'],
  ['C:\\Users\\me\\AppData\\Roaming\\npm\\mcp-afip.cmd', 'mcp-afip'],
  ['/opt/mcp-afip/bin/start', 'mcp-afip'],
  // Scripts: the folder that says what it is.
  ['node /x/mcp-afip/dist/index.js', 'mcp-afip'],
  ['node --import tsx /x/mcp-afip/src/server.ts --port 3', 'mcp-afip'],
  ['/home/u/.nvm/versions/node/v20.20.2/bin/node /x/mcp-afip/dist/index.js', 'mcp-afip'],
  ['node /usr/lib/node_modules/@codespar/mcp-afip/dist/index.js', 'mcp-afip'],
  ['node /usr/lib/node_modules/@playwright/mcp/cli.js', 'playwright-mcp'],
  ['node C:\\servers\\mcp-afip\\dist\\index.js', 'mcp-afip'],
  ['node my-server.mjs', 'my-server'],
  ['node index.js', 'index'],
  ['node .', 'node'],
  ['node', 'node'],
  ['tsx watch src/weather.ts', 'weather'],
  ['bun run /x/weather/index.ts', 'weather'],
  ['deno run -A --allow-net npm:@scope/weather@1.2/mod.ts', 'weather'],
  ['deno run --config deno.json https://deno.land/x/weather@v1.0/mod.ts', 'weather'],
  ['python /srv/weather/server.py', 'weather'],
  ['python3.12 -u -m mcp_server_fetch --x', 'mcp_server_fetch'],
  ['py -3 -m weather.server', 'weather'],
  ['java -Xmx1g -jar /x/weather-1.4.2.jar', 'weather'],
  ['dotnet run --project /x/Weather.csproj', 'weather'],
  ['dotnet /x/Weather.dll', 'weather'],
  ['go run github.com/org/weather/cmd/server@latest', 'weather'],
  ['cargo run --manifest-path /x/weather/Cargo.toml', 'weather'],
  ['bash /srv/weather/run.sh', 'weather'],
  // Packages.
  ['npx -y @codespar/mcp-afip@alpha', 'mcp-afip'],
  ['npx.cmd --yes @codespar/mcp-afip', 'mcp-afip'],
  ['npx -y -p @codespar/mcp-afip@0.2.0-alpha.2 mcp-afip', 'mcp-afip'],
  ['npx --package=@codespar/mcp-afip mcp-afip', 'mcp-afip'],
  ['npx @playwright/mcp@latest --headless', 'playwright-mcp'],
  ['npx github:org/weather#v2', 'weather'],
  ['npx https://example.org/packages/weather-1.2.3.tgz', 'weather'],
  ['bunx @codespar/mcp-afip', 'mcp-afip'],
  ['bun x @codespar/mcp-afip', 'mcp-afip'],
  ['pnpm dlx @codespar/mcp-afip@alpha', 'mcp-afip'],
  ['pnpm --filter web exec weather', 'weather'],
  ['yarn dlx -p @codespar/mcp-afip mcp-afip', 'mcp-afip'],
  ['npm exec -- @codespar/mcp-afip', 'mcp-afip'],
  ['npm --prefix /x/mcp-afip start', 'mcp-afip'],
  ['npm publish', 'npm'],
  ['uvx foo==1.2', 'foo'],
  ['uvx foo[cli]>=1.2', 'foo'],
  ['uvx --from git+https://github.com/org/repo@main foo --x', 'foo'],
  ['uvx git+https://github.com/org/weather.git@main', 'weather'],
  ['uv tool run foo@latest', 'foo'],
  ['uv --directory /x/weather run server.py', 'weather'],
  ['uv run --with mcp[cli] mcp run /x/weather/server.py:app', 'weather'],
  ['pipx run --spec foo==1 foo', 'foo'],
  // Images and containers.
  ['docker run -i --rm org/image:tag', 'image'],
  ['docker run -i --rm -e TOKEN --env-file=.env ghcr.io/github/github-mcp-server', 'github-mcp-server'],
  ['podman run --rm -i localhost:5000/org/weather@sha256:0123abcd serve', 'weather'],
  ['docker compose -f x.yml run --rm weather', 'weather'],
  ['docker mcp gateway run', 'docker'],
  // Programs that start others.
  ['env AFIP_ENV=homologation mcp-afip', 'mcp-afip'],
  ['cmd /c npx -y @codespar/mcp-afip', 'mcp-afip'],
  ['cmd.exe /C mcp-afip.cmd', 'mcp-afip'],
  [['sh', '-c', 'cd /srv && exec mcp-afip --x'], 'mcp-afip'],
  [['sh', '-c', 'mcp-afip 2>&1 | tee log.txt'], 'mcp-afip'],
  [['bash', '-lc', 'AFIP_ENV=homologation npx -y @codespar/mcp-afip'], 'mcp-afip'],
  [['powershell', '-ExecutionPolicy', 'Bypass', '-Command', 'mcp-afip'], 'mcp-afip'],
  ['op run --env-file=.env -- mcp-afip', 'mcp-afip'],
  [['env', 'A=1', 'sh', '-c', 'npx -y "@codespar/mcp-afip@alpha"'], 'mcp-afip'],
  // Bridges to a server elsewhere.
  ['npx -y mcp-remote@latest https://mcp.example.com/sse --header X', 'mcp.example.com'],
  ['npx mcp-remote http://localhost:3000/mcp', 'localhost-3000'],
  ['npx mcp-remote', 'mcp-remote'],
  // What must not become a file name.
  [[], 'server'],
  [[''], 'server'],
  ['..', 'server'],
  ['../../etc/passwd', 'passwd'],
  ['con', 'server-con'],
  ['NUL.txt', 'server-nul.txt'],
  ['día', 'dia'],
  ['--', 'server'],
  ['.hidden-', 'hidden'],
];

describe('serverName', () => {
  test.each(TABLE)('%j is %s', (argv, name) => {
    expect(serverName(typeof argv === 'string' ? argv.split(' ') : argv)).toBe(name);
  });

  test('keeps long names and names in other scripts apart', () => {
    const long = 'a'.repeat(80);
    expect(serverName([`${long}1`])).not.toBe(serverName([`${long}2`]));
    expect(serverName([long])).toMatch(SERVER_NAME);
    expect(serverName(['天气'])).not.toBe(serverName(['地图']));
    expect(serverName(['天气'])).toMatch(/^server-[0-9a-f]{8}$/);
  });

  test('is a safe file name for any command line, and the same every time', () => {
    const runners = [
      'npx',
      'node',
      'sh',
      '-c',
      'docker',
      'run',
      'uv',
      'env',
      'python3',
      '-m',
      '--',
      '-y',
      'A=1',
    ];
    const word = fc.oneof(
      fc.constantFrom(...runners),
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.webUrl(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (argv) => {
        const name = serverName(argv);
        expect(name).toMatch(SERVER_NAME);
        expect(serverName([...argv])).toBe(name);
      }),
      { numRuns: 2000 },
    );
  });
});
