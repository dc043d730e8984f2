import { expect, test } from 'vitest';
import { OUTPUT as PRESETS } from '../../src/cli/commands/presets.js';
import { printJson, versioned, withMember } from '../../src/cli/json-output.js';
import { OUTPUT as NOTIFY } from '../../src/cli/notify-list.js';
import { FakeTerminal } from './commands/support.js';

test('a result has its version first, two spaces a level, and no character that changes what is around it', async () => {
  const terminal = new FakeTerminal();
  expect(await printJson(terminal, NOTIFY, { file: 'a\u001b[31m\u202e', channels: [] })).toBe(true);
  expect(terminal.out.text).toBe(
    '{\n  "version": 1,\n  "file": "a\\u001b[31m\\u202e",\n  "channels": []\n}\n',
  );
});

test('says whether anybody still reads', async () => {
  const terminal = new FakeTerminal();
  terminal.out.patience = 1;
  expect(await printJson(terminal, PRESETS, { presets: [] })).toBe(false);
});

test('a member that is JSON already keeps every digit, and is escaped all the same', () => {
  const text = withMember(
    versioned({ id: 1 }),
    'arguments',
    '{"amount":12345678901234567890.10,"x":"\u202e"}',
  );
  expect(text).toBe('{"version":1,"id":1,"arguments":{"amount":12345678901234567890.10,"x":"\\u202e"}}');
});
