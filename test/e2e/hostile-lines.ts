/** Numbers from a seed, so that a run can be repeated (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Values that parsers, tables and printers trip over; JSON texts, not all valid. */
const VALUES = [
  'null',
  'true',
  '{}',
  '[]',
  '""',
  '0',
  '-0',
  '1.0',
  '1e400',
  '-1e-400',
  '9007199254740993',
  '123456789012345678901234567890',
  '01',
  'NaN',
  '"2.0"',
  '2.0',
  '"tools/call"',
  '"Tools/Call"',
  '"tools\\/call"',
  '"tools/list"',
  '"initialize"',
  '"notifications/cancelled"',
  '"delete_repo"',
  '"delete\\u005frepo"',
  '"read"',
  '"\\ud800"',
  '"\\u0000"',
  '"\u202e\u001b[31m"',
  '"__proto__"',
  '{"__proto__":{"name":"delete_repo"}}',
  '{"toString":1,"valueOf":2}',
  '{"name":"delete_repo"}',
  '{"name":"delete_repo","arguments":{}}',
  '{"name":"read","arguments":{"a":1}}',
  '{"name":"read","Name":"delete_repo"}',
  '{"name":"read","name":"delete_repo"}',
  '{"requestId":1}',
  '{"tools":[{"name":"delete_repo"},{"name":"read"}]}',
  '{"tools":[[],null,{"name":{}},{"name":"delete_repo"}],"cacheScope":"public"}',
  '{"capabilities":{"tasks":{"requests":null}}}',
  '{"code":-32000,"message":"m"}',
  '['.repeat(200) + ']'.repeat(200),
  `${'{"a":'.repeat(60)}1${'}'.repeat(60)}`,
];
const KEYS = [
  '"jsonrpc"',
  '"id"',
  '"method"',
  '"params"',
  '"result"',
  '"error"',
  '"Method"',
  '"ID"',
  '"par\\u0061ms"',
  '"__proto__"',
  '"constructor"',
  '"_meta"',
  '""',
];
const PARAM_KEYS = [
  '"name"',
  '"Name"',
  '"n\\u0061me"',
  '"\uff4eame"',
  '"arguments"',
  '"_meta"',
  '"task"',
  '"x"',
];
const MESSAGES = [
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete_repo","arguments":{"a":1}}}',
  '{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"read","arguments":{"a":[1,2.50,"x"]}}}',
  '{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{"cursor":"1"}}',
  '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}',
  '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}',
  '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"x"}],"isError":true}}',
  '{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"delete_repo"},{"name":"read"}],"nextCursor":"1"}}',
  '{"jsonrpc":"2.0","id":"a","error":{"code":-32000,"message":"m"}}',
];

/** Where readers other than ours end a line: all of them together are Python's str.splitlines. */
export const OTHER_ENDS = ['\r', '\v', '\f', '\x1c', '\x1d', '\x1e', '\x85', '\u2028', '\u2029'];
const BLANKS = ['\r', '\r', '\r', ' ', '\t', ...OTHER_ENDS];

/**
 * One line of hostile bytes, with its line end: random envelopes, broken messages, noise. Never blank lines only, so
 * that every line is one.
 */
export function hostileLine(random: () => number): Buffer {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  // Between what ends a line for some readers, or white space.
  const inside = (text: string) => `${pick(BLANKS)}${text}${pick(BLANKS)}`;
  const message = (): string => {
    const kind = random();
    if (kind < 0.3) return pick(MESSAGES);
    if (kind < 0.6) {
      const params = [`"name":${pick(['"read"', '"read"', '"delete_repo"', pick(VALUES)])}`];
      for (let n = Math.floor(random() * 3); n > 0; n--) params.push(`${pick(PARAM_KEYS)}:${pick(VALUES)}`);
      if (random() < 0.3) params.reverse();
      const id = `"${Math.floor(random() * 2 ** 32).toString(36)}"`;
      return `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{${params.join(',')}}}`;
    }
    const members = Array.from(
      { length: 1 + Math.floor(random() * 6) },
      () => `${pick(KEYS)}:${random() < 0.1 ? inside(pick(MESSAGES)) : pick(VALUES)}`,
    );
    if (random() < 0.7) members.unshift('"jsonrpc":"2.0"');
    if (random() < 0.5) members.push(`"id":${Math.floor(random() * 50)}`);
    return `{${members.join(pick([',', ' ,\t', ',']))}}`;
  };
  let text = message();
  const kind = random();
  if (kind < 0.1) text = `[${text},${message()}]`;
  else if (kind < 0.2) text = text.slice(0, Math.floor(random() * text.length));
  else if (kind < 0.25) text = text + message();
  const bytes = Buffer.from(text);
  if (kind > 0.8) {
    for (let n = 1 + Math.floor(random() * 4); n > 0 && bytes.length > 0; n--) {
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    }
  } else if (kind > 0.78) {
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(random() * 256);
  }
  // A line end of chance would only make two lines of one.
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10)) bytes[at] = 0x0b;
  return Buffer.concat([bytes, Buffer.from(random() < 0.1 ? '\r\n' : '\n')]);
}
