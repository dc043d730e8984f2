import { BACKSLASH, QUOTE, SHORT_ESCAPE, SPACE } from './json-bytes.js';
import type { Line } from './lines.js';

/** Memory with a line in it, to be read byte by byte. */
export interface Workspace {
  /** The line, then a NUL byte, then whatever was there before. */
  readonly bytes: Buffer;
  /**
   * @returns the first offset at or behind `from` that belongs to no plain text: a quote, a control character, the NUL
   *   byte behind the line, or a backslash that begins none of the escapes of two characters
   */
  readonly plainEnd: (from: number) => number;
}

/** So much memory is kept from one long line to the next, in bytes, and what is left of its last page. */
const KEPT = 4 << 20;
/** In front of the line lies a table: which characters may follow a backslash, but for `u`. */
const TABLE = 256;
/** Sixteen bytes are looked at at once, beyond the end of the line too. */
const SLACK = 32;
const PAGE = 65_536;

let kept: Workspace | undefined;

/** Copies a line into memory that stays: new memory for each long line would cost more than reading it. */
export function workspaceFor(line: Line): Workspace {
  const room = line.size + SLACK;
  // By powers of two, so that lines of growing length do not each need new memory.
  const workspace = kept && kept.bytes.length >= room ? kept : newWorkspace(2 ** Math.ceil(Math.log2(room)));
  // By what was asked for: memory comes in whole pages, and is a little more.
  kept = room > KEPT ? undefined : workspace;
  line.copyTo(workspace.bytes);
  // Nothing accepts a NUL byte, so that nothing needs to ask where the line ends.
  workspace.bytes[line.size] = 0;
  return workspace;
}

/** `plainEnd` where there is no WebAssembly (`node --jitless`), and what the other is held against. */
export function plainEndSlowly(bytes: Uint8Array, from: number): number {
  let i = from;
  for (;;) {
    const c = bytes[i] as number;
    if (c === BACKSLASH && SHORT_ESCAPE[bytes[i + 1] as number] === 1) i += 2;
    else if (c === QUOTE || c === BACKSLASH || c < SPACE) return i;
    else i++;
  }
}

function newWorkspace(size: number): Workspace {
  const { WebAssembly } = globalThis as unknown as { WebAssembly?: WebAssemblyLike };
  try {
    if (WebAssembly) {
      const memory = new WebAssembly.Memory({ initial: Math.ceil((TABLE + size) / PAGE) });
      new Uint8Array(memory.buffer).set(SHORT_ESCAPE);
      compiled ??= new WebAssembly.Module(PROGRAM);
      const { exports } = new WebAssembly.Instance(compiled, { m: { m: memory } });
      return { bytes: Buffer.from(memory.buffer, TABLE), plainEnd: exports.f };
    }
  } catch {
    // No SIMD on this processor, or no address space for the memory: the slow way is as right.
  }
  const bytes = Buffer.alloc(size);
  return { bytes, plainEnd: (from) => plainEndSlowly(bytes, from) };
}

/** What is used of WebAssembly, which Node's types do not know. */
interface WebAssemblyLike {
  readonly Memory: new (options: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (program: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { readonly f: (from: number) => number } };
}

let compiled: object | undefined;

/** A vector of sixteen times the same byte, on the stack. */
const sixteen = (byte: number) => [0xfd, 0x0c, ...Array<number>(16).fill(byte)];

/**
 * `plainEnd` in WebAssembly, sixteen bytes a step: JavaScript has no vectors, and takes three to six times as long.
 * Offset 256 is where the line begins, in memory behind the table.
 */
const PLAIN_END = [
  ...[0x02, 0x01, 0x7f, 0x01, 0x7b], // local 0 is `from`; local 1 an i32, local 2 a v128
  ...[0x03, 0x40], // loop
  ...[0x20, 0x00, 0xfd, 0x00, 0x00, 0x80, 0x02, 0x22, 0x02], //   2 = sixteen bytes at 256 + 0
  ...[...sixteen(SPACE), 0xfd, 0x26], //   those below a space, unsigned
  ...[0x20, 0x02, ...sixteen(QUOTE), 0xfd, 0x23, 0xfd, 0x50], //   or equal to a quote
  ...[0x20, 0x02, ...sixteen(BACKSLASH), 0xfd, 0x23, 0xfd, 0x50], //   or to a backslash
  ...[0xfd, 0x64, 0x22, 0x01, 0x45, 0x04, 0x40], //   1 = a bit for each; if there is none
  ...[0x20, 0x00, 0x41, 0x10, 0x6a, 0x21, 0x00, 0x0c, 0x01, 0x0b], //     0 += 16, and again
  ...[0x20, 0x00, 0x20, 0x01, 0x68, 0x6a, 0x22, 0x00], //   0 += how many lie before the first
  ...[0x2d, 0x00, 0x80, 0x02, 0x41, 0xdc, 0x00, 0x46, 0x04, 0x40], //   if it is a backslash
  ...[0x20, 0x00, 0x2d, 0x00, 0x81, 0x02, 0x2d, 0x00, 0x00, 0x04, 0x40], //     and the table has what follows
  ...[0x20, 0x00, 0x41, 0x02, 0x6a, 0x21, 0x00, 0x0c, 0x02, 0x0b, 0x0b, 0x0b], //       0 += 2, and again
  ...[0x20, 0x00, 0x0b], // 0
];

const name = [0x01, 0x6d];
const section = (id: number, ...content: number[]) => [id, ...sizeOf(content), ...content];
const sizeOf = ({ length }: { readonly length: number }) =>
  length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7];

const PROGRAM = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...section(1, 0x01, 0x60, 0x01, 0x7f, 0x01, 0x7f), // one type: i32 to i32
  ...section(2, 0x01, ...name, ...name, 0x02, 0x00, 0x01), // imported: the memory
  ...section(3, 0x01, 0x00), // one function of that type
  ...section(7, 0x01, 0x01, 0x66, 0x00, 0x00), // exported: the function, as `f`
  ...section(10, 0x01, ...sizeOf(PLAIN_END), ...PLAIN_END),
]);
