import { loginsFolder } from '../config/paths.js';
import type { ServerWords } from '../config/policy-files.js';
import type { RemoteOptions } from '../config/run-options.js';
import { PolicyWrapError } from '../errors.js';
import { policyNames, remoteName } from '../upstream/server-name.js';
import type { ServerSource } from '../upstream/upstream.js';

/** The server that a command line names: by its command behind `--`, or by its address. */
export interface NamedServer extends ServerWords {
  /** Undefined where none is named. */
  readonly source: ServerSource | undefined;
}

/**
 * @param argv what stood behind `--`
 * @param cwd where a command would be started
 * @throws PolicyWrapError USAGE for two servers, for what is no address, and for a header that nobody gets
 */
export function namedServer(
  argv: readonly string[],
  options: RemoteOptions & { readonly server?: string | undefined },
  cwd: string,
): NamedServer {
  const { url, header = [], headerEnv = [], allowPrivate = false } = options;
  if (url === undefined) {
    const [option] = [
      ...(header.length > 0 ? ['--header'] : []),
      ...(headerEnv.length > 0 ? ['--header-env'] : []),
      ...(allowPrivate ? ['--allow-private'] : []),
    ];
    if (option !== undefined)
      throw new PolicyWrapError('USAGE', `${option} is for a remote server, and --url names none`);
    const isThere = argv.length > 0;
    // '' where neither a server nor a name is there.
    let names: ServerWords['names'] | undefined;
    return {
      source: isThere ? argv : undefined,
      get names() {
        names ??= policyNames(argv, options.server, cwd);
        return names;
      },
      words: isThere ? ['--', ...argv] : [],
    };
  }
  if (argv.length > 0)
    throw new PolicyWrapError('USAGE', 'one server at a time: an address, or a command behind "--"');
  return {
    source: {
      url,
      headers: [...header, ...headerEnv.map(fromVariable)],
      allowPrivate,
      logins: loginsFolder(),
    },
    names: [options.server ?? remoteName(url)],
    words: [
      ...['--url', url],
      ...header.flatMap((line) => ['--header', line]),
      ...headerEnv.flatMap((line) => ['--header-env', line]),
      ...(allowPrivate ? ['--allow-private'] : []),
    ],
  };
}

/** `Name=VARIABLE` as a line with a place in it. */
function fromVariable(line: string): string {
  const [, name, variable] = /^([^=]+)=([A-Za-z_]\w*)$/.exec(line) ?? [];
  if (name === undefined)
    throw new PolicyWrapError('USAGE', 'a --header-env names no variable', {
      hint: 'It looks like Authorization=MCP_TOKEN; the value stands in the variable.',
    });
  return `${name}: \${${variable}}`;
}
