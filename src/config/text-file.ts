import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type ErrorCode, PolicyWrapError } from '../errors.js';

/** Largest file that is read, in bytes; a policy of 10,000 tools has half of it. */
export const MAX_TEXT_FILE = 4 * 1024 * 1024;

/**
 * Reads a file that a person wrote: policies, what they extend, case files, what is imported. Only a regular file (a
 * device may never end), only up to 4 MiB, and only UTF-8: what another encoding has for an accented letter would be
 * read as something else, and a rule with one would never fire (G3).
 *
 * @param what how the file is called in a sentence: `the policy`
 * @param code of the errors
 * @returns the text, with its byte order mark where it has one; undefined when there is no such file
 * @throws PolicyWrapError with `code`
 */
export function readTextFile(file: string, what: string, code: ErrorCode): string | undefined {
  const found = readRegularFile(file, what, code, MAX_TEXT_FILE);
  return found && decodeText(found.bytes, file, what, code);
}

/**
 * Reads the bytes of a regular file.
 *
 * @param most largest file that is read, in bytes; whole mebibytes
 * @returns undefined when there is no such file
 * @throws PolicyWrapError with `code`
 */
export function readRegularFile(
  file: string,
  what: string,
  code: ErrorCode,
  most: number,
): { bytes: Buffer; stats: Stats } | undefined {
  let descriptor: number | undefined;
  try {
    // Opening a pipe without a writer would otherwise wait for ever.
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) {
      throw new PolicyWrapError(code, `${file}: ${what} is not a regular file`);
    }
    // One byte more than is allowed: the file may grow while it is read.
    const bytes = Buffer.alloc(Math.min(stats.size, most) + 1);
    const size = readAll(descriptor, bytes);
    if (size > most) {
      throw new PolicyWrapError(code, `${file}: ${what} is larger than ${most / 1024 / 1024} MiB`);
    }
    if (size === bytes.length) throw new PolicyWrapError(code, `${file}: ${what} changed while it was read`);
    return { bytes: bytes.subarray(0, size), stats };
  } catch (error) {
    if (PolicyWrapError.is(error)) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new PolicyWrapError(code, `${file}: ${what} could not be read`, { cause: error });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function readAll(descriptor: number, into: Buffer): number {
  let size = 0;
  while (size < into.length) {
    const read = readSync(descriptor, into, size, into.length - size, null);
    if (read === 0) break;
    size += read;
  }
  return size;
}

/**
 * Decodes UTF-8, strictly; a byte order mark stays in the text.
 *
 * @throws PolicyWrapError with `code`
 */
export function decodeText(bytes: Buffer, file: string, what: string, code: ErrorCode): string {
  // UTF-16 has a zero in every other byte; JSON and YAML have none.
  if (bytes.subarray(0, 4).includes(0) || isUtf16Mark(bytes)) {
    throw new PolicyWrapError(code, `${file}: ${what} is UTF-16, not UTF-8: save it as UTF-8`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not as a hint: when a policy is read again, only the message is shown.
    const message = `${file}: ${what} is not UTF-8 (line ${badLine(bytes)}): save it as UTF-8`;
    throw new PolicyWrapError(code, message);
  }
}

function isUtf16Mark([first, second]: Buffer): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

/** The line, from 1, of the first byte that is not UTF-8. */
function badLine(bytes: Buffer): number {
  const lossy = bytes.toString('utf8');
  let line = 1;
  for (let at = 0, read = 0; at < lossy.length; at++) {
    const character = String.fromCodePoint(lossy.codePointAt(at) as number);
    const size = Buffer.byteLength(character);
    // The sign for what cannot be read may also stand in the file itself.
    if (character === '\ufffd' && bytes.toString('latin1', read, read + 3) !== '\u00ef\u00bf\u00bd')
      return line;
    if (character === '\n') line += 1;
    read += size;
    at += character.length - 1;
  }
  return line;
}
