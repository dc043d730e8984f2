import type { Runner } from './runner.js';

const NODE: Runner = {
  valued:
    '-r --require --import --loader --experimental-loader --env-file --env-file-if-exists -C --conditions --title ' +
    '--tsconfig -P --project -O --compiler-options --watch-path --inspect-port --stack-trace-limit',
};
const NODE_WATCHING: Runner = { ...NODE, verbs: 'watch|', line: '--exec' };
const PACKAGE = { package: '-p --package' } as const;
const NPM: Runner = {
  ...PACKAGE,
  valued: '--registry --cache --userconfig --loglevel',
  folder: '--prefix -C -w --workspace',
  line: '-c --call',
};
const NPX: Runner = { ...NPM, byName: '' };
const PYTHON: Runner = { valued: '-W -X --check-hash-based-pycs', program: '-m' };
const UV =
  '--from --with --with-editable --with-requirements --python -p --index --index-url --default-index --extra --group ' +
  '--env-file --cache-dir --package';
const MCP_CLI: Runner = { verbs: 'run|dev', valued: '--with --with-editable --transport -t --project' };
const DOCKER_FLAGS =
  '-e --env -v --volume --mount --name --network --net -p --publish -w --workdir -u --user --env-file ' +
  '--platform --pull -h --hostname -l --label --cpus -m --memory --add-host --dns --restart --runtime --gpus ' +
  '--security-opt --cap-add --cap-drop --tmpfs --ulimit --shm-size --log-driver --log-opt --device --ip --link ' +
  '--volumes-from --cidfile --context -H --host --config';
const COMPOSE_FLAGS = `${DOCKER_FLAGS} -f --file --project-name --profile --index --entrypoint`;
const COMPOSE = {
  valued: COMPOSE_FLAGS,
  folder: '--project-directory',
  before: 'place',
  starts: 'words',
} as const;
const CONTAINERS: readonly Runner[] = [
  { verbs: 'mcp gateway run', valued: DOCKER_FLAGS, name: 'docker-mcp-gateway', elsewhere: true },
  { verbs: 'compose run|compose exec', ...COMPOSE, project: true },
  { verbs: 'exec|container exec', valued: DOCKER_FLAGS, before: 'place', starts: 'words', elsewhere: true },
  { verbs: 'run|container run', valued: DOCKER_FLAGS, entry: '--entrypoint', image: true, elsewhere: true },
];
const SHELL: Runner = {
  valued: '-o +o -O +O --rcfile --init-file',
  line: '-c -lc -ic -ec -xc -ilc -lic -elc -cl -ce --command',
};
const POWERSHELL: Runner = {
  valued: '-executionpolicy -ep -ex -version -configurationname -workingdirectory -wd -windowstyle -w',
  program: '-file -f',
  line: '-command -c',
};
/** Starts what follows, with no words of its own before that. */
const PREFIX: Runner = { starts: 'words' };
/** Starts what follows one word of its own: a time, a user, a place. */
const AFTER_ONE: Runner = { before: 'one', starts: 'words' };
const SU: Runner = { valued: '-s --shell -g --group -u --user', line: '-c --command' };
const CONDA: Runner = { verbs: 'run', valued: '-n --name -p --prefix --cwd', starts: 'words' };
const SSH: Runner = {
  valued: '-p -l -i -o -F -J -L -R -D -b -c -E -e -I -m -O -Q -S -W -w -B -P',
  before: 'place',
  starts: 'line',
  elsewhere: true,
};
const VM_EXEC: Runner = { verbs: 'exec|shell', before: 'place', starts: 'words', elsewhere: true };
const PROJECT: Runner = { verbs: 'run', starts: 'words', project: true };
const ARTISAN: Runner = { verbs: 'mcp:start|boost:mcp|', inside: true };
const SMITHERY: Runner = { verbs: 'run', valued: '--key --config --profile', elsewhere: true };

/** Rows that several names share stand in one. */
const ROWS: readonly (readonly [names: string, runner: Runner | readonly Runner[]])[] = [
  // Runtimes and their package managers.
  [
    'node nodejs ts-node ts-node-esm ts-node-dev babel-node swc-node esno jiti vite-node sucrase-node zx',
    NODE,
  ],
  ['tsx nodemon', NODE_WATCHING],
  ['bun', { ...NODE, verbs: 'run|x|', byName: 'x', folder: '--cwd' }],
  [
    'deno',
    { verbs: 'run|task|serve|', valued: '-c --config --import-map --lock --env-file', folder: '--cwd' },
  ],
  ['npx bunx pnpx', NPX],
  ['npm', { ...NPM, verbs: 'exec|x|run|run-script|start', byName: 'exec|x' }],
  [
    'pnpm',
    {
      verbs: 'dlx|exec|run|start|',
      byName: 'dlx|exec',
      package: '--package',
      folder: '-C --dir --filter -F',
    },
  ],
  [
    'yarn',
    [
      { verbs: 'workspace', before: 'place', starts: 'words', project: true },
      { ...PACKAGE, verbs: 'dlx|exec|run|node|start|', byName: 'dlx|exec', folder: '--cwd' },
    ],
  ],
  ['corepack', PREFIX],
  ['uvx', { valued: UV, byName: '', package: '--from' }],
  [
    'uv',
    [
      { verbs: 'tool run', valued: UV, folder: '--directory --project', starts: 'words' },
      { verbs: 'run', valued: UV, folder: '--directory --project', starts: 'words', project: true },
    ],
  ],
  [
    'pipx',
    {
      verbs: 'run',
      byName: 'run',
      package: '--spec',
      valued: '--python --index-url --pip-args --fetch-missing-python',
    },
  ],
  ['poetry', { ...PROJECT, folder: '-C --directory -P --project' }],
  ['pipenv rye', PROJECT],
  ['pdm', { ...PROJECT, folder: '-p --project' }],
  ['hatch', { ...PROJECT, valued: '-e --env -p --project' }],
  [
    'pixi',
    {
      verbs: 'run|exec|x',
      valued: '-e --environment -s --spec -c --channel',
      folder: '--manifest-path',
      starts: 'words',
      project: true,
    },
  ],
  ['conda mamba micromamba', CONDA],
  ['mcp fastmcp', MCP_CLI],
  ['python pythonw pypy py', PYTHON],
  ['ruby', { valued: '-I -r' }],
  ['bundle', { verbs: 'exec', starts: 'words', project: true }],
  ['rails rake', { verbs: 'runner|', inside: true, valued: '-e --environment -f --rakefile' }],
  ['php', { valued: '-c -d' }],
  ['artisan', ARTISAN],
  ['symfony', { verbs: 'console|php' }],
  ['perl', { valued: '-I' }],
  ['java', { valued: '-cp -classpath --class-path', program: '-jar' }],
  ['jbang', { verbs: 'run|', valued: '--deps --java -j' }],
  ['dotnet', { verbs: 'run|tool run|exec|', program: '--project' }],
  ['dnx', { valued: '--version --source', byName: '' }],
  ['mono wine', {}],
  ['go', { verbs: 'run|tool', folder: '-C' }],
  ['cargo', { verbs: 'run|r', program: '--bin -p --package', folder: '--manifest-path' }],
  ['swift', { verbs: 'run', folder: '--package-path' }],
  ['dart', { verbs: 'pub global run|run|', byName: 'pub global run' }],
  ['make gmake', { valued: '-f --file', folder: '-C --directory' }],
  ['just', { valued: '-f --justfile', folder: '-d --working-directory' }],
  ['@smithery/cli smithery', SMITHERY],
  // Containers, and other machines.
  ['docker podman nerdctl finch container', CONTAINERS],
  ['docker-compose podman-compose', { verbs: 'run|exec', ...COMPOSE, project: true }],
  [
    'kubectl oc',
    {
      verbs: 'exec',
      valued: '-n --namespace -c --container --context',
      before: 'place',
      starts: 'words',
      elsewhere: true,
    },
  ],
  [
    'apptainer singularity',
    [
      { verbs: 'exec', valued: '-B --bind --env --pwd', before: 'place', starts: 'words', elsewhere: true },
      { verbs: 'run', valued: '-B --bind --env --pwd', elsewhere: true },
    ],
  ],
  ['limactl multipass lxc incus', VM_EXEC],
  ['distrobox', { verbs: 'enter', valued: '-n --name', before: 'one', starts: 'words' }],
  ['toolbox', { verbs: 'run', valued: '-c --container -d --distro -r --release', starts: 'words' }],
  ['flatpak', { verbs: 'run', valued: '--branch --arch', elsewhere: true }],
  ['snap', { verbs: 'run', elsewhere: true }],
  ['ssh autossh mosh', SSH],
  [
    'wsl',
    { valued: '-d --distribution --distribution-id -u --user --shell-type', folder: '--cd', starts: 'line' },
  ],
  // Shells.
  ['sh bash zsh dash ash ksh fish nu', SHELL],
  ['busybox', PREFIX],
  ['powershell pwsh', POWERSHELL],
  ['cmd', { before: 'all', program: '/c /k', starts: 'line' }],
  // Versions, environments and secrets.
  ['fnm', { verbs: 'exec', valued: '--using --fnm-dir --log-level', starts: 'words' }],
  ['volta', { verbs: 'run', valued: '--node --npm --yarn --pnpm --env', starts: 'words' }],
  [
    'nvm',
    [
      { verbs: 'exec', before: /^(?:v?\d|lts\/|stable$|system$)/, starts: 'words' },
      { ...NODE, verbs: 'run', before: /^(?:v?\d|lts\/|node$|stable$|system$)/ },
    ],
  ],
  ['nodenv rbenv pyenv asdf', { verbs: 'exec', starts: 'words' }],
  ['mise rtx', { verbs: 'exec|x', line: '-c --command', folder: '-C --cd', dashes: true, starts: 'words' }],
  [
    'devbox',
    { verbs: 'run', valued: '-e --env --env-file', folder: '-c --config', starts: 'words', project: true },
  ],
  [
    'nix',
    [
      { verbs: 'run', valued: '--option --inputs-from', fragment: true, elsewhere: true },
      { verbs: 'shell|develop', before: 'all', program: '-c --command', starts: 'words' },
    ],
  ],
  ['nix-shell', { valued: '-p --packages -A --attr -I', line: '--run --command' }],
  ['direnv', { verbs: 'exec', before: 'place', starts: 'words', project: true }],
  ['env', { valued: '-u --unset', folder: '-C --chdir', line: '-S --split-string', starts: 'words' }],
  ['cross-env', PREFIX],
  ['cross-env-shell', { starts: 'line' }],
  ['env-cmd', { valued: '-f --file -e --environments -r --rc-file', starts: 'words' }],
  ['dotenv dotenv-cli', { verbs: 'run|', valued: '-e -f --file -v -p', starts: 'words' }],
  ['dotenvx @dotenvx/dotenvx', { verbs: 'run', valued: '-f --env-file -e --env -fk', starts: 'words' }],
  ['op', { verbs: 'run', valued: '--env-file --account --environment', starts: 'words' }],
  [
    'doppler',
    {
      verbs: 'run',
      valued: '-p --project -c --config -t --token --mount',
      line: '--command',
      starts: 'words',
    },
  ],
  [
    'infisical',
    {
      verbs: 'run',
      valued: '--env -e --path --projectId --token --domain --tags -t',
      line: '--command -c',
      starts: 'words',
    },
  ],
  [
    'aws-vault',
    { verbs: 'exec', valued: '-d --duration --region -t --mfa-token', before: 'one', starts: 'words' },
  ],
  ['chamber', { verbs: 'exec', dashes: true, before: 'one', starts: 'words' }],
  ['sops', { verbs: 'exec-env', before: 'one', starts: 'line' }],
  [
    'bws phase teller railway',
    { verbs: 'run', valued: '--project-id --app --env -e -s --service -p', starts: 'line' },
  ],
  // Who, when and how.
  [
    'sudo doas',
    { valued: '-u --user -g --group -C -p --prompt -h --host', folder: '-D --chdir', starts: 'words' },
  ],
  ['su', { ...SU, before: 'one' }],
  ['runuser', { ...SU, valued: `${SU.valued} -l --login`, starts: 'words' }],
  ['gosu su-exec setuidgid s6-setuidgid', AFTER_ONE],
  ['timeout gtimeout', { ...AFTER_ONE, valued: '-k --kill-after -s --signal' }],
  ['faketime', { ...AFTER_ONE, valued: '-f' }],
  ['nice', { valued: '-n --adjustment', starts: 'words' }],
  ['ionice', { valued: '-c --class -n --classdata', starts: 'words' }],
  ['chrt taskset', { ...AFTER_ONE }],
  ['caffeinate', { valued: '-t -w', starts: 'words' }],
  ['arch', { valued: '-arch -e -d', starts: 'words' }],
  ['stdbuf', { valued: '-i -o -e --input --output --error', starts: 'words' }],
  ['firejail', PREFIX],
  [
    'bwrap',
    {
      pairs: '--bind --ro-bind --dev-bind --bind-try --ro-bind-try --dev-bind-try --setenv --symlink',
      valued: '--dev --proc --tmpfs --dir --unsetenv --hostname --uid --gid --perms',
      folder: '--chdir',
      starts: 'words',
    },
  ],
  ['sandbox-exec', { valued: '-f -n -p -D', starts: 'words' }],
  [
    'systemd-run',
    {
      valued: '-p --property --unit --slice -E --setenv --description',
      folder: '--working-directory',
      starts: 'words',
    },
  ],
  ['unshare setpriv prlimit setsid nohup exec command time xcrun tini dumb-init unbuffer catchsegv', PREFIX],
  ['proxychains proxychains4 torsocks torify', { valued: '-f', starts: 'words' }],
  ['dbus-run-session', PREFIX],
  [
    'xvfb-run',
    {
      valued: '-n --server-num -s --server-args -e --error-file -f --auth-file -p --xauth-protocol',
      starts: 'words',
    },
  ],
];

/** The programs that start others, by lower-case name without extension or version; one that has verbs may have several. */
export const RUNNERS: ReadonlyMap<string, readonly Runner[]> = new Map(
  ROWS.flatMap(([names, runner]) => {
    const alternatives = Array.isArray(runner) ? (runner as readonly Runner[]) : [runner as Runner];
    return names.split(' ').map((name) => [name, alternatives] as const);
  }),
);

/** The row by which Node itself is read, for who must tell it from others. */
export const isNode = (runner: Runner): boolean => runner === NODE;
