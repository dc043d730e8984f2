import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Line } from '../../src/proxy/lines.js';
import { outline } from '../../src/proxy/outline.js';
import { MAX_DEPTH, scan, scanLine } from '../../src/proxy/scan.js';
import { plainEndSlowly, workspaceFor } from '../../src/proxy/workspace.js';

const LOOSE = { maxDepth: 10_000, strict: false };
const STRICT = { maxDepth: MAX_DEPTH, strict: true };

/** A line that came in chunks of this size. */
function chunked(bytes: Buffer, size: number): Line {
  const starts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => i * size);
  const chunks = starts.map((start) => bytes.subarray(start, start + size));
  const last = chunks.pop() ?? Buffer.alloc(0);
  return new Line(last, 0, last.length, chunks, bytes.length);
}

/** Lines with a key of more than 200 bytes are read whole, and so need no outline. */
function hasLongKey(bytes: Buffer): boolean {
  const texts = bytes.toString('latin1').matchAll(/("(?:[^"\\]|\\.)*")\s*(:?)/g);
  return [...texts].some(([, key = '', colon]) => colon === ':' && key.length > 200);
}

/** What `JSON.parse` says, in a holder. */
function parsed(bytes: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(bytes.toString('utf8')) };
  } catch {
    return undefined;
  }
}

/** Texts around and beyond the length from which values are left in their line. */
const longText = fc
  .tuple(
    fc.array(
      fc.constantFrom('a', '\\n', '\\"', '\\\\', '\\u00e9', '\\ud800', 'ü', '👍', '/', ':,[{', '\\/ '),
      {
        minLength: 1,
        maxLength: 6,
      },
    ),
    fc.constantFrom(1, 20, 700, 1500),
  )
  .map(([pieces, times]) => `"${pieces.join('').repeat(times)}"`);
const key = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('"id"', '"result"', '"a"', '"\\u0061"', '"__proto__"', '""') },
  { weight: 1, arbitrary: longText },
  { weight: 3, arbitrary: fc.string().map((text) => JSON.stringify(text)) },
);
const space = fc.constantFrom('', '', ' ', '\t', '\r', ' \n ');
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom(
      '1',
      '-0',
      '1.5e3',
      '123456789012345',
      '1234567890123456',
      'null',
      'true',
      'false',
      '[]',
      '{}',
    ),
    longText,
    longText,
    fc
      .tuple(fc.array(tie('json'), { maxLength: 4 }), space)
      .map(([all, s]) => `[${s}${all.join(`${s},`)}${s}]`),
    fc
      .tuple(fc.array(fc.tuple(key, tie('json')), { maxLength: 4 }), space)
      .map(([all, s]) => `{${s}${all.map(([k, v]) => `${k}${s}:${s}${v}`).join(`${s},${s}`)}${s}}`),
  ),
}));
/** JSON, and bytes that are nearly JSON. */
const line = fc.oneof(
  json.map((text) => Buffer.from(`${text}\n`)),
  fc
    .tuple(json, fc.nat(), fc.constantFrom(0, 1, 0x0a, 0x1f, 0x22, 0x2c, 0x5c, 0x5d, 0x75, 0x7d, 0x80, 0xff))
    .map(([text, at, byte]) => {
      const bytes = Buffer.from(`${text}\n`);
      bytes[at % bytes.length] = byte;
      return bytes;
    }),
  fc.tuple(json, fc.nat()).map(([text, at]) => {
    const bytes = Buffer.from(text);
    return bytes.subarray(0, at % (bytes.length + 1));
  }),
);

test('G7: a loose outline is what JSON.parse makes of the line, and there is one unless it is no JSON', () => {
  let outlined = 0;
  fc.assert(
    fc.property(line, fc.integer({ min: 1, max: 5000 }), (bytes, size) => {
      const whole = parsed(bytes);
      const read = outline(chunked(bytes, size), LOOSE);
      if (read) {
        outlined++;
        expect(read).toEqual(whole);
        // Properties that were parsed late are properties like any other afterwards.
        expect(JSON.stringify(read.value)).toBe(JSON.stringify(whole?.value));
        expect(Object.entries(read)).toEqual(Object.entries(whole ?? {}));
      } else if (whole && !hasLongKey(bytes)) {
        // A key twice, the other thing that is left to the long way.
        expect(scan(bytes)).toMatchObject({ ok: false });
      }
    }),
    { numRuns: 2000 },
  );
  expect(outlined).toBeGreaterThan(200);
});

test('G2: what is scanned by outline is what is scanned whole: the same lines pass, with the same values', () => {
  let left = 0;
  fc.assert(
    fc.property(line, fc.integer({ min: 1, max: 5000 }), (bytes, size) => {
      const whole = scan(bytes);
      const read = outline(chunked(bytes, size), STRICT);
      if (read && bytes.length > 4096) left++;
      if (read) expect({ ok: true, value: read.value, exactText: undefined }).toEqual(whole);
      else expect(whole.ok && whole.exactText === undefined && !hasLongKey(bytes)).toBe(false);
      expect(scanLine(chunked(bytes, size))).toEqual(whole);
    }),
    { numRuns: 2000 },
  );
  expect(left).toBeGreaterThan(50);
});

describe('outlines', () => {
  const long = 'x'.repeat(5000);

  test.each([
    ['a control character in a long text', `{"a":"${long}\u0001${long}"}`],
    ['a NUL byte in one', `{"a":"${long}\0"}`],
    ['an escape that there is not', `{"a":"${long}\\x${long}"}`],
    ['half an escape', `{"a":"${long}\\u00g0"}`],
    ['a text without end', `{"a":"${long}`],
    ['a text that ends in a backslash', `{"a":"${long}\\`],
    ['a text that ends in an escaped quote', `{"a":"${long}\\"`],
    ['a comma too many', `{"a":"${long}",}`],
    ['a bracket of the other kind', `{"a":["${long}"}}`],
    ['something behind the end', `{"a":"${long}"} 1`],
    ['a byte order mark', `\ufeff{"a":"${long}"}`],
    ['a number that begins with zero', `{"a":"${long}","b":01}`],
    ['a number without digits', `{"a":"${long}","b":-}`],
    ['nothing but spaces', ' '.repeat(5000)],
  ])('G2: there is none of %s', (_, text) => {
    expect(parsed(Buffer.from(text))).toBeUndefined();
    expect(outline(Line.of(Buffer.from(text)), LOOSE)).toBeUndefined();
    expect(outline(Line.of(Buffer.from(text)), STRICT)).toBeUndefined();
  });

  test.each([
    ['a key that stands twice beside a long text', `{"a":"${long}","a":1}`],
    ['one above it', `{"a":{"b":"${long}"},"a":{"b":1}}`],
    ['invalid UTF-8', Buffer.concat([Buffer.from(`{"a":"${long}`), Buffer.from([0xff]), Buffer.from('"}')])],
    ['more digits than a double keeps', `{"a":"${long}","b":9007199254740993}`],
    ['an exponent', `{"a":"${long}","b":1e400}`],
    ['too much depth', `{"a":"${long}","b":${'['.repeat(MAX_DEPTH)}${']'.repeat(MAX_DEPTH)}}`],
  ])('G2: there is no strict one of %s', (_, text) => {
    expect(outline(Line.of(Buffer.from(text)), STRICT)).toBeUndefined();
  });

  test('read a long value from its line when it is looked at, not before', () => {
    const bytes = Buffer.from(`{"id":1,"result":{"content":[{"text":"${long}"}],"isError":true}}`);
    const { value } = outline(Line.of(bytes), LOOSE) as {
      value: { result: { content: unknown; isError: unknown } };
    };
    expect(value.result.isError).toBe(true);
    expect(Object.keys(value.result)).toEqual(['content', 'isError']);
    expect(Object.hasOwn(value.result, 'content')).toBe(true);
    // Only to tell the difference: nobody writes into lines.
    bytes.fill('y', bytes.indexOf('xx'), bytes.indexOf('"}]'));
    expect(value.result.content).toEqual([{ text: 'y'.repeat(5000) }]);
    bytes.fill('z', bytes.indexOf('yy'), bytes.indexOf('"}]'));
    expect(value.result.content).toEqual([{ text: 'y'.repeat(5000) }]);
  });

  test('give a value to whoever asks for it, in whatever way', () => {
    const bytes = Buffer.from(`{"params":{"arguments":{"body":"${long}","list":[1,"${long}"]}}}`);
    const expected = parsed(bytes)?.value as { params: { arguments: Record<string, unknown> } };
    const fresh = () =>
      (outline(Line.of(bytes), STRICT) as { value: typeof expected }).value.params.arguments;
    const ways: ((args: Record<string, unknown>) => unknown)[] = [
      (args) => Object.entries(args),
      (args) => Object.values(args),
      (args) => ({ ...args }),
      (args) => Object.assign({}, args),
      (args) => JSON.stringify(args),
      (args) => [...(args.list as unknown[])],
      (args) => (args.list as unknown[]).map((each) => each),
      (args) => (args.list as unknown[]).at(-1),
      ({ body }) => body,
      (args) => Reflect.get(args, 'body'),
      (args) => Array.isArray(args.list) && args.list.length,
      (args) => Object.keys(args).map((key) => args[key]),
      (args) => {
        const found = [];
        for (const key in args) found.push([key, args[key]]);
        return found;
      },
      (args) => {
        const { get, value } = Object.getOwnPropertyDescriptor(args, 'body') ?? {};
        return get ? get() : value;
      },
    ];
    for (const way of ways) expect(way(fresh())).toEqual(way(expected.params.arguments));
  });

  test('put an own __proto__ where JSON.parse puts it', () => {
    const text = `{"a":{"__proto__":"${long}"},"__proto__":{"b":"${long}"}}`;
    const { value } = outline(Line.of(Buffer.from(text)), STRICT) as { value: Record<string, object> };
    expect(Object.hasOwn(value, '__proto__')).toBe(true);
    expect(Object.hasOwn(value.a as object, '__proto__')).toBe(true);
    expect(JSON.stringify(value)).toBe(text);
  });

  test('of a line beyond the memory that is kept, and of a short one after it', () => {
    const bytes = Buffer.from(`{"a":"${'x\\n'.repeat(3 << 20)}","b":[1,2]}\n`);
    for (const each of [bytes, Buffer.from(`{"a":"${long}","b":[1,2]}\n`)])
      expect(outline(chunked(each, 65_536), STRICT)).toEqual(parsed(each));
  });
});

test('memory is kept from one line of up to 4 MB to the next, and not from a longer one', () => {
  const memoryFor = (size: number) => workspaceFor(Line.of(Buffer.alloc(size, 'x'))).bytes;
  const isKept = (size: number) => {
    const memory = memoryFor(size);
    return memoryFor(size) === memory;
  };
  expect([isKept(3 << 20), isKept(5 << 20)]).toEqual([true, false]);
});

test('the end of plain text is found sixteen bytes at a time where it is found one at a time', () => {
  const piece = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom([0x20], [0x21], [0x23], [0x61], [0x7f], [0x80, 0xff]) },
    { weight: 4, arbitrary: fc.constantFrom(...'"\\/bfnrt').map((c) => [0x5c, c.charCodeAt(0)]) },
    { weight: 1, arbitrary: fc.constantFrom([0x22], [0x5c], [0x5c, 0x75], [0x1f], [0x00], [0x0a]) },
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 120 }), fc.nat(120), (pieces, from) => {
      const all = pieces.flat();
      const { bytes, plainEnd } = workspaceFor(Line.of(Buffer.from(all)));
      const start = Math.min(from, all.length);
      expect(plainEnd(start)).toBe(plainEndSlowly(bytes, start));
      expect(plainEnd(start)).toBeLessThanOrEqual(all.length);
    }),
    { numRuns: 2000 },
  );
});

describe('what leads to a value that is left is never more than the value', () => {
  const long = JSON.stringify('x'.repeat(3000));

  test.each([
    ['a long key above many texts', `{"${'k'.repeat(300)}":[${Array(100).fill(long).join()}]}`],
    ['a long key of a text', `{"a":{"${'k'.repeat(300)}":${long}}}`],
  ])('%s: read whole', (_, json) => {
    for (const outlining of [LOOSE, STRICT])
      expect(outline(Line.of(Buffer.from(json)), outlining)).toBeUndefined();
    expect(scanLine(Line.of(Buffer.from(json)))).toMatchObject({ ok: true, value: JSON.parse(json) });
  });

  test('texts deep inside are read with the rest', () => {
    const json = `${'{"a":'.repeat(20)}[${Array(100).fill(long).join()}]${'}'.repeat(20)}`;
    const outlined = outline(Line.of(Buffer.from(json)), STRICT);
    expect(outlined?.value).toEqual(JSON.parse(json));
  });

  test('a key of a megabyte above a thousand texts costs no gigabyte', () => {
    const json = Buffer.from(
      `{"jsonrpc":"2.0","method":"x","params":{"${'k'.repeat(1 << 20)}":[${Array(1000).fill(long).join()}]}}`,
    );
    const before = process.memoryUsage().heapUsed;
    expect(scanLine(Line.of(json)).ok).toBe(true);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(200 << 20);
  });
});
