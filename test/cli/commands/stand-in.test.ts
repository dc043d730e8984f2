import { expect, test } from 'vitest';
import { standIn } from '../../../src/cli/commands/stand-in.js';
import { FakeTerminal } from './support.js';

test.each(['', 'AFIP', 'mcp-afip', '__proto__'])(
  'there is no stand-in %j, and it says which there are',
  async (kind) => {
    await expect(standIn(kind, new FakeTerminal())).rejects.toMatchObject({
      code: 'USAGE',
      hint: 'stand-ins: afip, legiti, demo',
    });
  },
);
