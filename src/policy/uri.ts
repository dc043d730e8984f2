/** Longer ones are refused: no resource has such a name. In UTF-16 units. */
const MAX_URI = 4096;
/** Schemes whose hosts every program reads in one way, by the URL standard. */
const WEB: ReadonlySet<string> = new Set(['http', 'https', 'ws', 'wss', 'ftp']);
/** Characters that mean the same in a path whether or not they are encoded. */
const PLAIN = /^[A-Za-z0-9\-._~!$&'()*+,;=:@[\]]$/;
const UNRESERVED = /^[A-Za-z0-9\-._~]$/;
/** Encoded, some programs decode them before they take a path apart, and others afterwards, twice or never. */
const DANGEROUS = /%(?:2F|5C|25|[01][0-9A-F]|7F)/;

/** A URI as it is judged. */
export interface ReadUri {
  /** In its one spelling: scheme and host small, nothing encoded that need not be, dots and doubled slashes resolved. */
  readonly uri: string;
  /** How a program reads it that does not resolve, or not decode; empty where all read the same. */
  readonly others: readonly string[];
}

/**
 * A resource that is refused must not be had by another spelling of its name.
 *
 * @returns the spellings; or why it cannot be told which resource is meant: an encoded slash, a fragment, a way out of
 *   the root, another machine
 */
export function readUri(text: string): ReadUri | { readonly fault: string } {
  const fault = (why: string) => ({ fault: `the URI ${why}` });
  if (text.length > MAX_URI) return fault(`is longer than ${MAX_URI} characters`);
  if (/\p{Surrogate}/u.test(text)) return fault('has half a character');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
  if (/[\x00-\x1f\x7f]/.test(text)) return fault('has a control character');
  if (text !== text.trim()) return fault('begins or ends with a blank');
  if (text.includes('\\')) return fault('has a backslash, which some programs take for a slash');
  if (text.includes('#')) return fault('has a fragment, which some programs cut off');
  const encoded = text
    .replace(/[^\x21-\x7e]+|["<>^`{|}]/gu, encodeURIComponent)
    .replace(/%[0-9A-Fa-f]{2}/g, (code) => code.toUpperCase());
  if (/%(?![0-9A-F]{2})/.test(encoded)) return fault('has a percent sign that encodes nothing');
  if (DANGEROUS.test(encoded))
    return fault('encodes a slash, a backslash, a percent sign or a control character');
  const decoded = decodedText(encoded);
  if (decoded === undefined) return fault('encodes bytes that are no UTF-8');
  if (decoded.normalize('NFC') !== decoded) return fault('has characters that are written in two ways');

  const [, written = '', rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/.exec(encoded) ?? [];
  if (written === '') return fault('has no scheme');
  const scheme = written.toLowerCase();
  const mark = rest.indexOf('?');
  const query = mark < 0 ? '' : rest.slice(mark);
  const [, authority, behind] = /^\/\/([^/]*)(.*)$/.exec(mark < 0 ? rest : rest.slice(0, mark)) ?? [];
  const host = hostOf(scheme, authority);
  if (typeof host === 'object') return fault(host.fault);
  let path = behind ?? (mark < 0 ? rest : rest.slice(0, mark));
  if (scheme === 'file') {
    if (query !== '') return fault('has a query, which no file has');
    if (!path.startsWith('/')) return fault('names a file without its place');
  }
  if (WEB.has(scheme) && path === '') path = '/';
  // A program that knows no query takes it for a part of the path.
  if (/(^|[?&=/])\.\.?($|[?&/])/.test(decodeOnce(query, UNRESERVED))) return fault('has dots in its query');
  const isFile = scheme === 'file';
  const plain = isFile ? withSmallDrive(decodeOnce(path, PLAIN)) : decodeOnce(path, PLAIN);
  // One program takes away the empty name between the slashes, another one the folder before it.
  if (plain.includes('//') && plain.split('/').includes('..'))
    return fault('has dots and doubled slashes, which programs resolve differently');
  const resolved = resolve(plain);
  if (resolved === undefined) return fault('leads out of its root');
  const before = `${scheme}:${host === undefined ? '' : `//${host}`}`;
  const plainQuery = decodeOnce(query, UNRESERVED);
  const uri = before + (isFile ? withSmallDrive(resolved) : resolved) + plainQuery;
  const others = new Set([
    before + plain + plainQuery,
    before + (isFile ? withSmallDrive(path) : path) + query,
  ]);
  others.delete(uri);
  return { uri, others: [...others] };
}

/** A URI that was read, as people read it: for comparing how it looks. */
export function shownUri(uri: string): string {
  return decodedText(uri) ?? uri;
}

function decodedText(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

/** @param authority what stands between two slashes and the path; undefined where there are none */
function hostOf(
  scheme: string,
  authority: string | undefined,
): string | undefined | { readonly fault: string } {
  if (scheme === 'file') {
    // Some programs open the file of that place on this machine.
    const isHere = authority === undefined || authority === '' || authority.toLowerCase() === 'localhost';
    return isHere ? '' : { fault: 'names a file of another machine' };
  }
  if (!WEB.has(scheme)) return authority;
  if (!authority) return { fault: 'names no host' };
  if (authority.includes('@')) return { fault: 'names a user' };
  try {
    // A dot at the end is the root of all names, and leads to the same host.
    return new URL(`${scheme}://${authority}/`).host.replace(/\.(?=:|$)/, '');
  } catch {
    return { fault: 'names a host that is none' };
  }
}

function decodeOnce(text: string, safe: RegExp): string {
  return text.replace(/%([0-7][0-9A-F])/g, (whole, digits: string) => {
    const char = String.fromCharCode(Number.parseInt(digits, 16));
    return safe.test(char) ? char : whole;
  });
}

/** Windows has one drive for both letters, and editors write its colon as they like. */
function withSmallDrive(path: string): string {
  return path.replace(/^\/([A-Za-z])(?::|%3A|%7C)(?=\/|$)/, (_, drive) => `/${drive.toLowerCase()}:`);
}

/** @returns the path without dots and doubled slashes; undefined where it leads out of its root */
function resolve(path: string): string | undefined {
  if (!path.includes('/')) return path === '.' || path === '..' ? undefined : path;
  const isAbsolute = path.startsWith('/');
  const kept: string[] = [];
  const segments = path.split('/');
  for (const segment of segments) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') kept.push(segment);
    else if (kept.pop() === undefined) return undefined;
  }
  const isFolder = kept.length > 0 && ['', '.', '..'].includes(segments.at(-1) ?? '');
  return `${isAbsolute ? '/' : ''}${kept.join('/')}${isFolder ? '/' : ''}`;
}
