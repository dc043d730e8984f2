import fc from 'fast-check';

/** Texts of JSON values, some of which have a key twice. */
export const { json } = fc.letrec<{ json: string }>((tie) => {
  const name = fc.constantFrom(
    '"id"',
    '"result"',
    '"isError"',
    '"a"',
    '"\\u0061"',
    '"__proto__"',
    '""',
    '"ü"',
  );
  const space = fc.constantFrom('', '', '', ' ', '\t', '\r');
  const all = fc.array(fc.tuple(name, tie('json'), space), { maxLength: 3 });
  return {
    json: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(
        '1',
        '-0',
        '1.5e3',
        '0.5',
        'null',
        'true',
        'false',
        '""',
        '"a\\n\\"b"',
        '"👍"',
        '[]',
        '{ }',
      ),
      fc.array(tie('json'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
      all.map(
        (members) => `{${members.map(([key, value, s]) => `${s}${key}${s}:${s}${value}${s}`).join(',')}}`,
      ),
    ),
  };
});
