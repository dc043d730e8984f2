import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { remoteName, SERVER_NAME, serverName } from '../../src/upstream/server-name.js';

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
  ['docker mcp gateway run', 'docker-mcp-gateway'],
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
  // Runners that are started by name, and what an image of a runtime starts.
  ['npx tsx /srv/a/index.ts', 'a'],
  ['npx -y tsx@4 /srv/b/src/index.ts', 'b'],
  ['npx --yes ts-node /srv/a/server.ts', 'a'],
  ['bunx tsx /srv/a/index.ts', 'a'],
  ['pnpm exec tsx /srv/a/index.ts', 'a'],
  ['pnpm tsx /srv/a/index.ts', 'a'],
  ['yarn tsx watch /srv/a/index.ts', 'a'],
  ['nodemon --exec tsx /srv/a/index.ts', 'a'],
  ['uvx fastmcp run /srv/weather/server.py', 'weather'],
  ['uvx --from fastmcp fastmcp run weather.py:mcp', 'weather'],
  ['uvx mcp run /srv/weather/server.py', 'weather'],
  ['python -m fastmcp run weather.py', 'weather'],
  ['uv run python -m weather.server', 'weather'],
  ['npx -y @smithery/cli@latest run @org/weather --key k --config {}', 'weather'],
  ['cmd /c npx -y @smithery/cli run weather', 'weather'],
  ['docker run -i --rm node:20-alpine npx -y @org/weather', 'weather'],
  ['docker run --rm -i -v /srv:/srv python:3.12 python /srv/weather/server.py', 'weather'],
  ['docker run -i ghcr.io/astral-sh/uv:latest uvx weather', 'weather'],
  ['docker run -i --entrypoint npx org/tools -y weather', 'weather'],
  ['docker run -i node', 'node'],
  ['docker exec -i shop node /srv/weather/index.js', 'weather'],
  ['docker exec -i shop node index.js', 'shop'],
  ['docker compose exec -T shop node index.js', 'shop'],
  ['docker-compose run --rm weather', 'weather'],
  ['docker mcp gateway run --servers github', 'docker-mcp-gateway'],
  ['kubectl exec -i -n tools deploy/weather -- node dist/index.js', 'weather'],
  ['npx dotenv-cli -e .env -- npx weather', 'weather'],
  ['npm exec -- cross-env A=1 node /srv/weather/index.js', 'weather'],
  [['npx', '-c', 'tsx /srv/weather/index.ts'], 'weather'],
  // Frameworks, whose console starts the server.
  ['php artisan mcp:start weather', 'weather'],
  ['php /srv/shop/artisan boost:mcp', 'shop'],
  ['/srv/shop/bin/rails mcp:server', 'shop'],
  ['bundle exec rails runner /srv/shop/weather.rb', 'weather'],
  ['python /srv/shop/manage.py mcp_server', 'shop'],
  ['make -C /srv/weather run', 'weather'],
  // Prefixes: none of them gives another name.
  ...[
    'wsl',
    'wsl -d Ubuntu -u ana -e',
    'wsl.exe --cd /srv --',
    'ssh host',
    'ssh -i key -p 22 ana@host.example',
    'nix run nixpkgs#nodejs --',
    'nix shell nixpkgs#nodejs -c',
    'nix develop --command',
    'pixi run',
    'pixi exec -s nodejs',
    'direnv exec /srv',
    'dotenv --',
    'dotenv -e .env --',
    'dotenv -f .env run --',
    'dotenvx run -f .env --',
    'cross-env A=1 B=2',
    'env-cmd -f .env',
    'timeout 30',
    'timeout -k 5 -s KILL 30s',
    'gtimeout 1h',
    'caffeinate -i',
    'caffeinate -t 60',
    'arch -x86_64',
    'arch -arch arm64',
    'corepack',
    'fnm exec --using=20',
    'fnm exec --using 20 --',
    'volta run --node 20',
    'nvm exec 20',
    'nvm exec --silent lts/iron',
    'mise exec node@20 --',
    'mise x --',
    'asdf exec',
    'conda run -n tools --no-capture-output',
    'micromamba run -p /opt/env',
    'pipenv run',
    'poetry run',
    'uv run --no-sync',
    'hatch run',
    'infisical run --env=dev --path /x --',
    'aws-vault exec prod --',
    'chamber exec prod --',
    'op run --env-file .env --',
    'doppler run -p x -c dev --',
    'railway run',
    'firejail --quiet --net=none',
    'bwrap --ro-bind / / --dev /dev --unshare-net --',
    'sandbox-exec -f x.sb',
    'sudo -u ana -E',
    'doas -u ana',
    'gosu ana',
    'runuser -u ana --',
    'nice -n 5',
    'ionice -c 3',
    'taskset 0x3',
    'stdbuf -oL',
    'setsid',
    'time',
    'tini --',
    'dumb-init',
    'xvfb-run -a',
    'dbus-run-session --',
    'systemd-run --user --pipe',
    'proxychains4 -q',
    'xcrun',
    'busybox nice',
    'distrobox enter box --',
    'lxc exec box --',
    'exec',
    'command',
    'nohup',
    'A=1',
    'timeout 9 env B=1 nice',
  ]
    .filter((prefix) => !prefix.startsWith('nix run'))
    .flatMap((prefix): [string, string][] => [
      [`${prefix} mcp-afip --x`, 'mcp-afip'],
      [`${prefix} npx -y @codespar/mcp-afip@alpha`, 'mcp-afip'],
      [`${prefix} node /srv/weather/dist/index.js`, 'weather'],
    ]),
  ['nix run nixpkgs#mcp-afip -- --x', 'mcp-afip'],
  ['nix run github:org/weather', 'weather'],
  ['nix run github:org/weather#default', 'weather'],
  ['nvm run 20 /srv/weather/index.js', 'weather'],
  ['ssh ana@weather.example', 'weather.example'],
  // Lines for a shell.
  ...[
    'bash -c',
    'bash -lc',
    'zsh -ic',
    'sh -ec',
    'su ana -c',
    'cmd /s /c',
    'pwsh -Command',
    'wsl',
    'ssh host',
    'nix-shell --run',
    'env -S',
    'infisical run --command',
    'sops exec-env x.yaml',
    'cross-env-shell',
    'mise x -c',
  ].flatMap((shell): [string[], string][] =>
    [
      'npx -y @codespar/mcp-afip@alpha --x',
      'export A=1; cd "/opt/a b" && exec mcp-afip 2>&1 | tee log.txt',
      'cd /srv/mcp-afip && node dist/index.js || exit 1',
      '. ./env && node "/srv/my servers/mcp-afip/index.js"',
      'nvm use 20 && mcp-afip; exit',
    ].map((line) => [[...shell.split(' '), line], 'mcp-afip']),
  ),
  [['sh', '-c', 'exec "$0" "$@"', 'npx', '-y', 'weather'], 'weather'],
  [['powershell', '-NoProfile', '-Command', "& 'C:\\my servers\\weather.ps1' -x"], 'weather'],
  [['cmd', '/c', 'C:\\Program Files\\nodejs\\npx.cmd', '-y', 'weather'], 'weather'],
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
  test.each([
    ['npx tsx a/index.ts', 'npx tsx b/index.ts'],
    ['node a/dist/server.js', 'node b/dist/server.js'],
    ['uv --directory /a run server.py', 'uv --directory /b run server.py'],
    ['npm --prefix /srv/a start', 'npm --prefix /srv/b start'],
    ['ssh a npm start', 'ssh b npm start'],
  ])('two programs are two servers: %s, %s', (one, other) => {
    expect(serverName(one.split(' '))).not.toBe(serverName(other.split(' ')));
  });

  test.each([
    'node index.js',
    'node .',
    'npm start',
    'npm run mcp',
    'npx tsx src/index.ts',
    'uv run server.py',
    'python main.py',
    'deno task start',
    'cargo run',
    './dist/server',
    'php artisan boost:mcp',
    'docker compose run mcp',
    'timeout 9 node build/main.js',
  ])('where the line says nothing, the folder in which it starts decides: %s', (line) => {
    expect(serverName(line.split(' '), '/home/ana/weather')).toBe('weather');
    expect(serverName(line.split(' '), 'C:\\dev\\other\\dist')).toBe('other');
  });

  test.each([
    ['npx mcp', 'mcp'],
    ['server', 'server'],
    ['nohup start', 'start'],
    ['/opt/weather/bin/server', 'weather'],
    ['/index.js', 'index'],
    ['node /index.js', 'index'],
    ['docker run -i mcp', 'mcp'],
    ['weather', 'weather'],
    ['node weather.js', 'weather'],
  ])('elsewhere the folder in which it starts makes no difference: %s', (line, name) => {
    for (const folder of [undefined, '/home/ana/a', '/home/ana/b'])
      expect(serverName(line.split(' '), folder)).toBe(name);
  });

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

test.each([
  ['https://api.example.com/mcp', 'api.example.com'],
  ['https://API.example.com/SSE', 'api.example.com'],
  ['https://www.mcp.example.com:8443/v1/mcp/tenant-a', 'mcp.example.com-8443-tenant-a'],
  ['http://127.0.0.1:3000/tenant/b/sse', '127.0.0.1-3000-tenant-b'],
  // Whoever connects finds out what is wrong with it.
  ['not an address', 'not-an-address'],
  ['', 'server'],
])(
  'a remote server is called after its host, and what of its path tells it from others: %j',
  (address, name) => {
    expect(remoteName(address)).toBe(name);
    expect(remoteName(address)).toMatch(SERVER_NAME);
  },
);
