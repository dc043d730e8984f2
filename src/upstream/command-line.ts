/** How the command line of a program that starts others is read. Lists are words separated by spaces. */
interface Runner {
  /** Words between the runner and the program, `|` between alternatives; an empty one means that they may be absent. */
  readonly verbs?: string;
  /** Those of the verbs after which the program is named as a package or a command is, not as a script. */
  readonly byName?: string;
  /** Flags whose next word is their value, and so not the program. */
  readonly valued?: string;
  /** Flags whose value is the package in which the program lies. */
  readonly package?: string;
  /** Flags whose value is the folder in which the program lies. */
  readonly folder?: string;
  /** Flags after which the program stands. */
  readonly program?: string;
  /** What follows is again a command line (`words`), or one in a single word (`line`); else it is the program. */
  readonly starts?: 'words' | 'line';
  /** What it starts lies on another machine, and is not looked for. */
  readonly opaque?: true;
}

const NODE: Runner = {
  valued:
    '-r --require --import --loader --experimental-loader --env-file -C --conditions --title --tsconfig -P --project',
};
const PACKAGE = { package: '-p --package' } as const;
const NPM: Runner = { ...PACKAGE, valued: '--registry --cache --userconfig --loglevel -w --workspace' };
const NPX: Runner = { ...NPM, byName: '' };
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
  ['bun', { ...NODE, verbs: 'run|x|', byName: 'x', folder: '--cwd' }],
  ['deno', { verbs: 'run|', valued: '-c --config --import-map --lock' }],
  ['npx', NPX],
  ['bunx', NPX],
  ['pnpx', NPX],
  ['npm', { ...NPM, verbs: 'exec|x|run|run-script|start', byName: 'exec|x', folder: '--prefix -C' }],
  [
    'pnpm',
    {
      verbs: 'dlx|exec|run|start',
      byName: 'dlx|exec',
      package: '--package',
      valued: '--filter',
      folder: '-C --dir',
    },
  ],
  ['yarn', { ...PACKAGE, verbs: 'dlx|exec|run|node|start', byName: 'dlx|exec', folder: '--cwd' }],
  ['uvx', { valued: UV, byName: '', package: '--from' }],
  ['uv', { verbs: 'tool run|run', valued: UV, folder: '--directory --project', starts: 'words' }],
  ['pipx', { verbs: 'run', byName: 'run', package: '--spec', valued: '--python --index-url --pip-args' }],
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
  ['dnx', { valued: '--version --source', byName: '' }],
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
  ['ssh', { opaque: true }],
  ['wsl', { opaque: true }],
]);

/** Programs that connect to a server elsewhere: what tells two of them apart is its host. */
const BRIDGES = new Set(['mcp-remote', 'mcp-proxy', 'supergateway']);

/** Our own program, as a command or as a package, and the script that Node runs of it. */
const WRAPPER = 'policy-wrap';
const WRAPPER_SCRIPT = /(?:^|[/\\])bin[/\\]policy-wrap\.js$/;

/** Runners within runners that are read; `env X=1 sh -c "npx ..."` is a common three, a hostile line has thousands. */
const MOST_NESTED = 8;

/** A server's command line, read through every program that only starts another one. */
export interface CommandLine {
  /** What was read through, outermost first, by the names of the table: `cmd`, `env`, `sh`. */
  readonly through: readonly string[];
  /** What runs the program, by its name in the table; undefined when it is started directly. */
  readonly runner: string | undefined;
  /** The word that names the program: a command, script, package, image or module; '' where there is none. */
  readonly program: string;
  /** Where `program` stands among the words; undefined where it is part of one, as in `sh -c "..."`. */
  readonly at: number | undefined;
  /** The words behind the runner; behind the program where there is none. */
  readonly args: readonly string[];
  /** The package of the program, without its version, where the runner finds that by name. */
  readonly package: string | undefined;
  /** The host of the server elsewhere to which the program connects. */
  readonly host: string | undefined;
  /** The most telling part, in lower case: `mcp-afip` of `node /opt/mcp-afip/dist/index.js`; undefined for none. */
  readonly name: string | undefined;
  /** How the program is our own wrapper: by Node and its script, by its package, or as a command. */
  readonly wrapper: 'installed' | 'package' | 'path' | undefined;
}

/** Reads the command line of a server: the command, then its arguments. A function of these words alone. */
export function readCommandLine(words: readonly string[]): CommandLine {
  return read(words, 0, [], []);
}

/**
 * @param offset index of the first word in the whole line; undefined where they are all part of one
 * @param folders named so far
 */
function read(
  argv: readonly string[],
  offset: number | undefined,
  through: readonly string[],
  folders: readonly string[],
): CommandLine {
  const first = argv.findIndex((word) => word !== '--' && !/^[A-Za-z_]\w*=/.test(word));
  const words = first < 0 ? [] : argv.slice(first);
  const [command = '', ...args] = words;
  const file = stem(lastPart(command));
  const own = nameOf(command, folders);
  const name = file.replace(/(?<=^(?:python|pypy|node|nodejs))[\d.]+$/, '');
  const runner = RUNNERS.get(name);
  const found = runner && afterRunner(runner, args);
  const at = offset === undefined ? undefined : offset + Math.max(first, 0);
  const common = { through, args, package: undefined, wrapper: undefined };
  if (runner === undefined) {
    const wrapper = file === WRAPPER ? 'path' : undefined;
    return { ...common, runner, program: command, at, ...withHost(own, words), wrapper };
  }
  if (found === undefined) return { ...common, runner: name, program: command, at, ...withHost(own, words) };

  const { rest, verb } = found;
  const [program = ''] = rest;
  const within = [...folders, ...found.folders];
  const programAt = at === undefined || found.at === undefined ? undefined : at + 1 + found.at;
  const isLine = runner.starts === 'line' && /\s/.test(program);
  if ((isLine || runner.starts === 'words') && rest.length > 0 && through.length < MOST_NESTED)
    return isLine
      ? read(lastCommand(program), undefined, [...through, name], within)
      : read(rest, programAt, [...through, name], within);
  const isByName = runner.byName?.split('|').includes(verb) === true;
  const isOurs = withoutVersion(program) === WRAPPER && (isByName || (runner.byName && verb === ''));
  const isOurScript = runner === NODE && WRAPPER_SCRIPT.test(program);
  const { host, name: telling = own } = withHost(nameOf(program, within), rest);
  return {
    ...common,
    runner: name,
    program,
    at: programAt,
    package: isByName && program !== '' ? packageOf(found.package ?? program) : undefined,
    host,
    name: telling,
    wrapper: isOurScript ? 'installed' : isOurs ? 'package' : undefined,
  };
}

interface AfterRunner {
  /** The words from the program on. */
  readonly rest: readonly string[];
  /** Index of the first of them among the words after the runner; undefined where it is part of a word. */
  readonly at: number | undefined;
  /** The one of the runner's verbs that was there; '' where none was. */
  readonly verb: string;
  readonly folders: readonly string[];
  readonly package: string | undefined;
}

/** @returns undefined when the verbs do not fit */
function afterRunner(runner: Runner, words: readonly string[]): AfterRunner | undefined {
  if (runner.opaque) return undefined;
  const flags = (text: string | undefined): Set<string> => new Set(text?.split(' '));
  const [valued, folder, program, pack] = [
    flags(runner.valued),
    flags(runner.folder),
    flags(runner.program),
    flags(runner.package),
  ];
  let verbs = (runner.verbs ?? '').split('|').map((verb) => verb.split(' ').filter(Boolean));
  const isDone = (): boolean => verbs.some((verb) => verb.length === 0);
  const said: string[] = [];
  const folders: string[] = [];
  let named: string | undefined;
  const found = (rest: readonly string[], at: number | undefined): AfterRunner => ({
    rest,
    at,
    verb: said.join(' '),
    folders,
    package: named,
  });
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const [, flag = word, inline] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    const is = (flags: Set<string>): boolean => flags.has(flag) || flags.has(flag.toLowerCase());
    const value = (): string => inline ?? words[++at] ?? '';
    if (is(program))
      return inline === undefined ? found(words.slice(at + 1), at + 1) : found([inline], undefined);
    if (is(folder)) folders.push(value());
    else if (is(pack)) named = value();
    else if (is(valued)) value();
    else if (word !== '' && !/^[-+]/.test(word)) {
      const begun = verbs.filter(([first]) => first === word).map((verb) => verb.slice(1));
      // `yarn policy-wrap` needs no verb; taken for a verb of yarn's own, the wrapper would be wrapped once more.
      const isOurs = runner.byName !== undefined && withoutVersion(word) === WRAPPER;
      if (begun.length === 0) return isDone() || isOurs ? found(words.slice(at), at) : undefined;
      verbs = begun;
      said.push(word);
    }
  }
  return isDone() ? found([], undefined) : undefined;
}

/** The words of the last command of a shell line: `cd /x && exec mcp-afip` runs mcp-afip. */
function lastCommand(line: string): readonly string[] {
  const commands = line.split(/&&|\|\||[;\n]/).filter((part) => part.trim() !== '');
  const [server = ''] = commands.at(-1)?.split('|') ?? [];
  const words = server.trim().split(/\s+/);
  return words.map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));
}

/** A bridge is called by the host that it leads to. */
function withHost(
  name: string | undefined,
  words: readonly string[],
): { name: string | undefined; host: string | undefined } {
  const isBridge = name !== undefined && BRIDGES.has(name);
  const url = isBridge && words.find((word) => /^(?:https?|wss?):\/\//i.test(word) && URL.canParse(word));
  const host = url ? new URL(url).host : undefined;
  return { name: host ?? name, host };
}

/** Parts of a path or of a package name that do not say which server it is. */
const GENERIC = new Set(
  (
    'index main mod cli app server start run launch __main__ __init__ src source dist build out output lib bin cmd ' +
    'target release debug node_modules .bin .venv venv scripts packages mcp mcp-server server-mcp package.json cargo.toml'
  ).split(' '),
);

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

/** `@scope/name` or `owner/name`, without where and in which version it is fetched. */
function packageOf(spec: string): string {
  return withoutOrigin(spec).split('/').filter(Boolean).map(withoutVersion).join('/');
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
