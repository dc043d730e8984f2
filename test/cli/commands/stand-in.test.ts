import { expect, test } from 'vitest';
import { STAND_IN_KINDS } from '../../../src/catalog/stand-in/server.js';
import { standIn } from '../../../src/cli/commands/stand-in.js';
import { FakeTerminal } from './support.js';

test.each(['', 'AFIP', 'mcp-afip', '__proto__'])(
  'there is no stand-in %j, and it says which there are',
  async (kind) => {
    await expect(standIn(kind, new FakeTerminal())).rejects.toMatchObject({
      code: 'USAGE',
      hint: `Stand-ins: ${STAND_IN_KINDS.join(', ')}.`,
    });
  },
);
