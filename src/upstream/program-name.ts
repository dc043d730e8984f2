/** Parts of a path or of a package name that do not say which server it is. */
const GENERIC = new Set(
  (
    'index main mod cli app server start run launch __main__ __init__ src source dist build out output lib bin cmd ' +
    'target release debug node_modules .bin .venv venv scripts packages mcp mcp-server server-mcp mcp_server package.json ' +
    'cargo.toml pixi.toml pyproject.toml program entry entrypoint serve stdio default dev prod manage artisan rails rake ' +
    'console runner'
  ).split(' '),
);

/** The most telling part of something that names a program. */
export interface TellingPart {
  /** In lower case; undefined where there is no part at all. */
  readonly name: string | undefined;
  /** It says nothing: `index`, `server`, `.`. */
  readonly isGeneric: boolean;
}

/** The most telling part of a path, package, image, module or URL, looking from its end, then in the folders around it. */
export function tellingPart(program: string, folders: readonly string[]): TellingPart {
  const parts = [...folders, withoutOrigin(program)]
    .flatMap((text) => text.split(/[\\/]/))
    .map(withoutVersion);
  const telling = parts.filter((part) => !/^(?:|\.|\.\.|~|[a-z]:)$/i.test(part));
  const at = telling.findLastIndex((part) => !GENERIC.has(stem(part)));
  const found = telling[at];
  if (found === undefined) {
    const last = telling.at(-1);
    return { name: last === undefined ? undefined : stem(last), isGeneric: true };
  }
  return { name: nameOfPart(found, telling[at + 1]), isGeneric: false };
}

function nameOfPart(found: string, next: string | undefined): string {
  // A package whose own name says nothing is known by its scope too: `@playwright/mcp`.
  if (found.startsWith('@'))
    return [found.slice(1), ...(next === undefined ? [] : [next])].map(stem).join('-');
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
export function packageOf(spec: string): string {
  return withoutOrigin(spec).split('/').filter(Boolean).map(withoutVersion).join('/');
}

/** Without what names a version or a variant: `@1.2`, `==1.2`, `[extra]`, `:tag`, `@sha256:...`. */
export function withoutVersion(part: string): string {
  return part.replace(/(?<=.)(?:@|\[|[=<>~!]=|[<>]).*$/s, '').replace(/(?<=..):.*$/s, '');
}

export const lastPart = (path: string): string => path.split(/[\\/]/).at(-1) ?? '';

const EXTENSION =
  /\.(?:exe|cmd|bat|ps1|com|sh|[cm]?[jt]sx?|pyz?|rb|php|pl|jar|dll|csproj|git|tgz|tar\.gz|whl|appimage)$/;

/** Lower case, without the extension of a program, a script or an archive, and without a version before it. */
export function stem(part: string): string {
  return part
    .toLowerCase()
    .replace(EXTENSION, '')
    .replace(/(?<=[a-z])-v?\d+(?:\.\d+)+$/, '');
}
