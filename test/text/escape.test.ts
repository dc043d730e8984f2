import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ascii,
  printable,
  printableJson,
  printableLines,
  safeJson,
  spreadJson,
} from '../../src/text/escape.js';

/** What no person can see, or what changes how the rest is read. Written down here anew, by code point. */
const UNSEEN: readonly (readonly [from: number, to: number])[] = [
  [0x00, 0x1f],
  [0x7f, 0xa0],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x1680, 0x1680],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x2000, 0x200f],
  [0x2028, 0x202f],
  [0x205f, 0x206f],
  [0x2800, 0x2800],
  [0x3000, 0x3000],
  [0x3164, 0x3164],
  [0xd800, 0xdfff],
  [0xe000, 0xe003],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe007f],
  [0xe0100, 0xe01ef],
];
const unseen = UNSEEN.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
const UNSAFE = new RegExp(
  `(?!\\n)[${UNSEEN.map(([from, to]) => `\\u{${from.toString(16)}}-\\u{${to.toString(16)}}`).join('')}]`,
  'u',
);

test('every character that nobody sees is written as an escape, in text and in JSON', () => {
  for (const code of unseen) {
    const text = `a${String.fromCodePoint(code)}b`;
    expect(printable(text)).toBe(`a\\u{${code.toString(16)}}b`);
    const json = printableJson({ [text]: text });
    expect(json).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(json)).toEqual({ [text]: text });
    expect(ascii(text)).toBe(printable(text));
  }
});

test.each([
  ['Vietnamese', 'Đừng bao giờ gửi hoá đơn này khi chưa được duyệt'],
  ['Vietnamese, marks apart', 'Đừng bao giờ gửi hoá đơn này khi chưa được duyệt'.normalize('NFD')],
  ['Hindi', 'कृपया राष्ट्रीय चालान ज़रूर भेजें, ₹ १,२३४.५० — धन्यवाद'],
  ['Thai', 'กรุณาส่งใบแจ้งหนี้นี้ให้ลูกค้าที่เชียงใหม่ด้วยนะครับ น้ำใจ'],
  ['Hebrew', 'נָא לִשְׁלוֹחַ אֶת הַחֶשְׁבּוֹנִית הַזֹּאת לַלָּקוֹחַ'],
  ['Arabic', 'يُرْجَى إِرْسَالُ الفَاتُورَةِ إِلَى العَمِيلِ، شُكْرًا للهِ وَاللّٰهُ'],
  ['Bengali', 'দয়া করে চালানটি গ্রাহকের কাছে পাঠান'],
  ['Tamil', 'தயவுசெய்து விலைப்பட்டியலை அனுப்பவும்'],
  ['Burmese', 'ကျေးဇူးပြု၍ ငွေတောင်းခံလွှာကို ပို့ပေးပါ'],
  ['Tibetan', 'བོད་སྐད་ཀྱི་ཡིག་ཆ་བསྒྲུབས'],
  ['Korean', '이 청구서를 보내지 마십시오'],
  ['Japanese', '請求書を送らないでください。ガギグ'],
  ['Japanese, marks apart', 'ガギグ'.normalize('NFD')],
  ['Spanish', '¿Cuánto cuesta? ¡Ñandú! $ 1.234,50'],
  ['emoji', '🧾 👍🏽 😀 ⚠'],
])('%s stays as it is written', (_, text) => {
  expect(printable(text)).toBe(text);
  expect(JSON.stringify(text)).toBe(printableJson(text));
});

test.each([
  ['stacked marks', `a${'\u0301\u0323'.repeat(3)}b`, 'a\u0301\u0323\u0301\\u{323}\\u{301}\\u{323}b'],
  ['a mark on nothing', '\u0338x', '\\u{338}x'],
  ['a mark on a quotation mark', '"\u0338', '"\\u{338}'],
  ['a mark on what is invisible', '\u3164\u0338', '\\u{3164}\\u{338}'],
  ['a selector of a form', '⚠\ufe0f', '⚠\\u{fe0f}'],
  ['joined emoji', '👩\u200d💻', '👩\\u{200d}💻'],
  ['half a character', 'a\ud83e', 'a\\u{d83e}'],
  ['a sequence for the terminal', '\u001b[31m\u009b2J', '\\u{1b}[31m\\u{9b}2J'],
  ['another reading order', '\u202eevil\u2066', '\\u{202e}evil\\u{2066}'],
])('%s is escaped', (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});

test('JSON is spread over lines, a member each, and what is empty stays together', () => {
  expect(spreadJson('{"a":[1,{"b":"{,}"}],"c":{ },"d":[]}')).toEqual([
    '{',
    '  "a": [',
    '    1,',
    '    {',
    '      "b": "{,}"',
    '    }',
    '  ],',
    '  "c": { },',
    '  "d": []',
    '}',
  ]);
});

test('a long text is cut before it is looked at, and not in the middle of a character', () => {
  expect(printable('abc', 3)).toBe('abc');
  expect(printable('abcd', 3)).toBe('abc…');
  expect(printable('ab🧾', 3)).toBe('ab…');
  expect(printable('a\nb')).toBe('a\\u{a}b');
  expect(printable(`${'\u0301'.repeat(1_000_000)}`, 2)).toBe('\\u{301}\\u{301}…');
});

test('lines keep their ends, and names that only look the same are told apart', () => {
  expect(printableLines('a\nb\r\nc\u202e')).toBe('a\nb\\u{d}\nc\\u{202e}');
  expect(ascii('аmount')).toBe('\\u{430}mount');
  expect(ascii('señal', 2)).toBe('se…');
});

test.each([
  ['\u001b[31m', '"\\u001b[31m"'],
  ['\u009b', '"\\u009b"'],
  ['\u202e', '"\\u202e"'],
  ['\u2028', '"\\u2028"'],
  ['\u{e0041}', '"\\udb40\\udc41"'],
  ['\ud800', '"\\ud800"'],
  ['a\nb', '"a\\nb"'],
  ['ñ🧾', '"ñ🧾"'],
])('JSON of %j is %s', (value, text) => {
  expect(printableJson(value)).toBe(text);
});

test('JSON for people says the same as JSON, with nothing in it that nobody sees', () => {
  const strings = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.constantFrom(...unseen, 0x301, 0x61), { maxLength: 8 })
      .map((c) => String.fromCodePoint(...c)),
  );
  const values = fc.letrec((tie) => ({
    value: fc.oneof(strings, fc.double(), fc.array(tie('value')), fc.dictionary(strings, tie('value'))),
  })).value;
  fc.assert(
    fc.property(values, fc.constantFrom(undefined, 2), (value, indent) => {
      const text = printableJson(value, indent);
      expect(text).not.toMatch(UNSAFE);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(safeJson(text)).toBe(text);
      expect(JSON.parse(spreadJson(text).join('\n'))).toEqual(JSON.parse(text));
    }),
    { numRuns: 200 },
  );
});

test('text for people has nothing in it that nobody sees, and is not escaped twice', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const shown = printable(text);
      expect(shown).not.toMatch(UNSAFE);
      expect(shown).not.toContain('\n');
      expect(printable(shown)).toBe(shown);
    }),
    { numRuns: 200 },
  );
});

test('there is one escaper: nothing else in src looks for such characters, but what compares texts or finds hidden ones', () => {
  const files = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)],
    );
  const escaping = files('src').filter((path) =>
    /\\p\{(?:Cc|Cf|C|Cs|Zl|Zp)\}/i.test(readFileSync(path, 'utf8')),
  );
  expect(escaping.sort()).toEqual([
    'src/catalog/finding-patterns.ts',
    'src/catalog/words.ts',
    // Marks them where a person types.
    'src/page/web/editor/editor.ts',
    'src/text/escape.ts',
    'src/text/lookalike.ts',
  ]);
  const raw = files('src/cli/commands').filter((path) =>
    /(?:write|print|out)\(\s*`?(?:\$\{)?JSON\.stringify/.test(readFileSync(path, 'utf8')),
  );
  expect(raw).toEqual([]);
});
