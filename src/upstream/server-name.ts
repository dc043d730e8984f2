import { sha256 } from '../text/hash.js';

/** What every server name looks like: safe as a file name on every platform, without upper case. */
export const SERVER_NAME = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;

const MAX_LENGTH = 64;

/** How the command line of a program that starts others is read. Lists are words apart by spaces. */
interface Runner {
  /** Words between the runner and the program, `|` between alternatives; an empty one means that they may be absent. */
  readonly verbs?: string;
  /** Flags whose next word is their value, and so not the program. */
  readonly valued?: string;
  /** Flags whose value is the folder that the program lies in. */
  readonly folder?: string;
  /** Flags after which the program stands. */
  readonly program?: string;
  /** What follows is again a command line (`words`), or one in a single word (`line`); else it is the program. */
  readonly starts?: 'words' | 'line';
}

const NODE: Runner = {
  valued:
    '-r --require --import --loader --experimental-loader --env-file -C --conditions --title --tsconfig -P --project',
};
const NPX: Runner = { valued: '-p --package --registry --cache --userconfig --loglevel -w --workspace' };
const PYTHON: Runner = { valued: '-W -X --check-hash-based-pycs', program: '-m' };
const UV =
  '--from --with --with-editable --with-requirements --python -p --index --index-url --default-index --extra --group ' +
  '--env-file --cache-dir';
const DOCKER: Runner = {
  verbs: 'run|exec|container run|container exec|compose run|compose exec',
  valued:
    '-e --env -v --volume --mount --name --network --net -p --publish -w --workdir -u --user --entrypoint --env-file ' +
    '--platform --pull -h --hostname -l --label --cpus -m --memory --add-host --dns --restart --runtime --gpus ' +
    '--security-opt --cap-add --cap-drop --tmpfs --ulimit --shm-size --log-driver --log-opt --device --ip --link ' +
    '--volumes-from --cidfile --context -f --file --project-name --project-directory',
};
const SHELL: Runner = { program: '-c -lc', starts: 'line' };
const POWERSHELL: Runner = { valued: '-executionpolicy', program: '-file -command', starts: 'line' };

/** The programs that start others, by lower-case name without extension or version. */
const RUNNERS = new Map<string, Runner>([
  ['node', NODE],
  ['nodejs', NODE],
  ['ts-node', NODE],
  ['tsx', { ...NODE, verbs: 'watch|' }],
  ['bun', { ...NODE, verbs: 'run|x|', folder: '--cwd' }],
  ['deno', { verbs: 'run|', valued: '-c --config --import-map --lock' }],
  ['npx', NPX],
  ['bunx', NPX],
  ['pnpx', NPX],
  ['npm', { ...NPX, verbs: 'exec|x|run|run-script|start', folder: '--prefix -C' }],
  ['pnpm', { verbs: 'dlx|exec|run|start', valued: '--package --filter', folder: '-C --dir' }],
  ['yarn', { verbs: 'dlx|exec|run|node|start', valued: '-p --package', folder: '--cwd' }],
  ['uvx', { valued: UV }],
  ['uv', { verbs: 'tool run|run', valued: UV, folder: '--directory --project', starts: 'words' }],
  ['pipx', { verbs: 'run', valued: '--spec --python --index-url --pip-args' }],
  ['poetry', { verbs: 'run', folder: '-C --directory -P --project', starts: 'words' }],
  ['mcp', { verbs: 'run|dev', valued: '--with --with-editable --transport -t' }],
  ['fastmcp', { verbs: 'run|dev', valued: '--with --with-editable --transport -t --project' }],
  ['python', PYTHON],
  ['pythonw', PYTHON],
  ['pypy', PYTHON],
  ['py', PYTHON],
  ['ruby', { valued: '-I -r' }],
  ['bundle', { verbs: 'exec', starts: 'words' }],
  ['php', { valued: '-c -d' }],
  ['perl', { valued: '-I' }],
  ['java', { valued: '-cp -classpath --class-path', program: '-jar' }],
  ['dotnet', { verbs: 'run|tool run|exec|', program: '--project' }],
  ['dnx', { valued: '--version --source' }],
  ['go', { verbs: 'run', folder: '-C' }],
  ['cargo', { verbs: 'run', program: '--bin -p --package', folder: '--manifest-path' }],
  ['docker', DOCKER],
  ['podman', DOCKER],
  ['nerdctl', DOCKER],
  ['sh', SHELL],
  ['bash', SHELL],
  ['zsh', SHELL],
  ['powershell', POWERSHELL],
  ['pwsh', POWERSHELL],
  ['cmd', { program: '/c /k', starts: 'words' }],
  ['env', { valued: '-u --unset -C --chdir', starts: 'words' }],
  ['sudo', { valued: '-u --user -g --group', starts: 'words' }],
  ['nice', { valued: '-n --adjustment', starts: 'words' }],
  ['nohup', { starts: 'words' }],
  ['exec', { starts: 'words' }],
  ['op', { verbs: 'run', valued: '--env-file --account', starts: 'words' }],
  ['doppler', { verbs: 'run', valued: '-p --project -c --config', starts: 'words' }],
  ['dotenvx', { verbs: 'run', valued: '-f --env-file', starts: 'words' }],
  ['mise', { verbs: 'exec|x', starts: 'words' }],
]);

/** Programs that connect to a server elsewhere: what tells two of them apart is its host. */
const BRIDGES = new Set(['mcp-remote', 'mcp-proxy', 'supergateway']);

/** Parts of a path or of a package name that do not say which server it is. */
const GENERIC = new Set(
  (
    'index main mod cli app server start run launch __main__ __init__ src source dist build out output lib bin cmd ' +
    'target release debug node_modules .bin .venv venv scripts packages mcp mcp-server server-mcp package.json cargo.toml'
  ).split(' '),
);

/** Names that Windows takes for a device, whatever the extension. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/;

/**
 * The name that a server's counters, log and policy file are kept under: that of the program, however it is started,
 * so that calling it by its path or through another runner gives no fresh counters. `npx -y @codespar/mcp-afip@alpha`
 * and `node /opt/mcp-afip/dist/index.js` are both `mcp-afip` (DESIGN section 6, `--server`).
 *
 * @param argv the server's command line: the command, then its arguments
 * @returns a name that matches `SERVER_NAME`; a function of `argv` alone
 */
export function serverName(argv: readonly string[]): string {
  return fileSafe(programName(argv, [], 0) ?? '');
}

function programName(argv: readonly string[], folders: readonly string[], depth: number): string | undefined {
  const first = argv.findIndex((word) => word !== '--' && !/^[A-Za-z_]\w*=/.test(word));
  const words = first < 0 ? [] : argv.slice(first);
  const [command = ''] = words;
  const own = nameOf(command, folders);
  const runner = RUNNERS.get(stem(lastPart(command)).replace(/(?<=^(?:python|pypy))[\d.]+$/, ''));
  const read = runner && readRunner(runner, words.slice(1));
  if (runner === undefined || read === undefined) return bridged(own, words);

  const [program = ''] = read.rest;
  const within = [...folders, ...read.folders];
  const inner = runner.starts === 'line' && /\s/.test(program) ? lastCommand(program) : read.rest;
  // `env X=1 sh -c "npx ..."` is a common three deep; without an end a line could be made to recurse for ever.
  if ((runner.starts === 'words' || inner !== read.rest) && inner.length > 0 && depth < 8)
    return programName(inner, within, depth + 1);
  return bridged(nameOf(program, within), read.rest) ?? own;
}

/** @returns the words from the program on and the folders named before it; undefined when the verbs do not fit. */
function readRunner(
  runner: Runner,
  words: readonly string[],
): { rest: readonly string[]; folders: readonly string[] } | undefined {
  const [valued, folder, program] = [runner.valued, runner.folder, runner.program].map(
    (flags) => new Set(flags?.split(' ')),
  );
  let verbs = (runner.verbs ?? '').split('|').map((verb) => verb.split(' ').filter(Boolean));
  const folders: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const [, flag = word, inline] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    const is = (flags: Set<string> | undefined) => flags?.has(flag) || flags?.has(flag.toLowerCase());
    if (is(program)) return { rest: inline === undefined ? words.slice(at + 1) : [inline], folders };
    if (is(folder)) folders.push(inline ?? words[++at] ?? '');
    else if (is(valued)) at += inline === undefined ? 1 : 0;
    else if (word !== '' && !/^[-+]/.test(word)) {
      const begun = verbs.filter(([first]) => first === word).map((verb) => verb.slice(1));
      if (begun.length > 0) verbs = begun;
      else return isDone(verbs) ? { rest: words.slice(at), folders } : undefined;
    }
  }
  return isDone(verbs) ? { rest: [], folders } : undefined;
}

const isDone = (verbs: readonly (readonly string[])[]): boolean => verbs.some((verb) => verb.length === 0);

/** The words of the last command of a shell line: `cd /x && exec mcp-afip` runs mcp-afip. */
function lastCommand(line: string): readonly string[] {
  const commands = line.split(/&&|\|\||[;\n]/).filter((part) => part.trim() !== '');
  const [server = ''] = commands.at(-1)?.split('|') ?? [];
  const words = server.trim().split(/\s+/);
  return words.map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));
}

function bridged(name: string | undefined, words: readonly string[]): string | undefined {
  if (name === undefined || !BRIDGES.has(name)) return name;
  const url = words.find((word) => /^(?:https?|wss?):\/\//i.test(word) && URL.canParse(word));
  return url === undefined ? name : new URL(url).host;
}

/** The most telling part of a path, package, image, module or URL, looking from its end. */
function nameOf(program: string, folders: readonly string[]): string | undefined {
  const parts = [...folders, withoutOrigin(program)]
    .flatMap((text) => text.split(/[\\/]/))
    .map(withoutVersion);
  const telling = parts.filter((part) => !/^(?:|\.|\.\.|[a-z]:)$/i.test(part));
  const at = telling.findLastIndex((part) => !GENERIC.has(stem(part)));
  const found = telling[at];
  if (found === undefined) return telling.length > 0 ? stem(telling.at(-1) ?? '') : undefined;
  // A package whose own name says nothing is known by its scope too: `@playwright/mcp`.
  if (found.startsWith('@')) return [found.slice(1), ...telling.slice(at + 1, at + 2)].map(stem).join('-');
  // `python -m package.server`: dots divide a module's name as slashes do a path.
  const [, module, tail = ''] = /^(.+)\.([^.]+)$/.exec(stem(found)) ?? [];
  return module !== undefined && GENERIC.has(tail) ? module : stem(found);
}

/** Without the registry, host or protocol that a package or a script is fetched from. */
function withoutOrigin(program: string): string {
  if (!/^(?:git@|[a-z][a-z+]+:)/i.test(program)) return program;
  return program
    .replace(/^(?:npm|jsr|github|gitlab|bitbucket|git\+|file):?/i, '')
    .replace(/^(?:[a-z+]+:\/\/[^/]+|git@[^:]+:)/i, '')
    .replace(/[#?].*$/s, '');
}

/** Without what names a version or a variant: `@1.2`, `==1.2`, `[extra]`, `:tag`, `@sha256:...`. */
function withoutVersion(part: string): string {
  return part.replace(/(?<=.)(?:@|\[|[=<>~!]=|[<>]).*$/s, '').replace(/(?<=..):.*$/s, '');
}

const lastPart = (path: string): string => path.split(/[\\/]/).at(-1) ?? '';

const EXTENSION =
  /\.(?:exe|cmd|bat|ps1|com|sh|[cm]?[jt]sx?|pyz?|rb|php|pl|jar|dll|csproj|git|tgz|tar\.gz|whl|appimage)$/;

/** Lower case, without the extension of a program, a script or an archive, and without a version before it. */
function stem(part: string): string {
  return part
    .toLowerCase()
    .replace(EXTENSION, '')
    .replace(/(?<=[a-z])-v?\d+(?:\.\d+)+$/, '');
}

/** Makes any text match `SERVER_NAME`; a hash keeps apart what would otherwise lose all that told it apart. */
function fileSafe(name: string): string {
  const safe = name
    .toLowerCase()
    .replace(/[^\x20-\x7e]+/g, withoutMarks)
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|[._-]+$/g, '');
  if (name === '') return 'server';
  if (safe === '') return `server-${digestOf(name)}`;
  if (DEVICE.test(safe)) return fileSafe(`server-${safe}`);
  if (safe.length <= MAX_LENGTH) return safe;
  const digest = digestOf(name);
  return `${safe.slice(0, MAX_LENGTH - digest.length - 1).replace(/[._-]+$/, '')}-${digest}`;
}

/** Letters without their accents; no literal, which would cost every start what few names need. */
const withoutMarks = (text: string): string => text.normalize('NFKD').replace(new RegExp(MARK, 'gu'), '');
const MARK = String.raw`\p{M}`;

function digestOf(name: string): string {
  return sha256(name).slice(0, 8);
}
