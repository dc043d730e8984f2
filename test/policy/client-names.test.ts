import { expect, test } from 'vitest';
import { likelyTool, ownName, prefixedName } from '../../src/policy/client-names.js';

const TOOLS = ['create_invoice', 'b', 'a__b', 'x'];
const isTool = (name: string) => TOOLS.includes(name);

test.each([
  ['mcp__afip__create_invoice', 'create_invoice'],
  ['afip__create_invoice', 'create_invoice'],
  ['afip.create_invoice', 'create_invoice'],
  ['afip/create_invoice', 'create_invoice'],
  ['afip:create_invoice', 'create_invoice'],
  ['mcp__a__b', 'a__b'],
  // A single line belongs to the names of tools.
  ['afip_create_invoice', undefined],
  ['__x', undefined],
  ['afip__other', undefined],
  ['create_invoice', undefined],
  [`${'s'.repeat(509)}__x`, 'x'],
  [`${'s'.repeat(510)}__x`, undefined],
])('%s is how a client shows the tool %s', (shown, name) => {
  expect(ownName(shown, isTool)).toBe(name);
});

test('nothing behind the last joint is no name', () => {
  expect(ownName('afip__', () => true)).toBeUndefined();
  expect(ownName('__afip', () => true)).toBeUndefined();
});

test.each([
  ['afip.create_invoice', TOOLS, 'create_invoice'],
  ['create_invoce', TOOLS, 'create_invoice'],
  ['afip_create_invoice', TOOLS, 'create_invoice'],
  ['afip-create_invoice', TOOLS, 'create_invoice'],
  // What a client surely put there, before a name that is near; that, before what a client may have put there.
  ['srv.pay', ['srv_pay', 'pay'], 'pay'],
  ['srv_pay', ['srv_pays', 'pay'], 'srv_pays'],
  ['zebra', TOOLS, undefined],
])('%s was probably meant as one of %j: %s', (name, tools, meant) => {
  expect(likelyTool(name, tools)).toBe(meant);
});

test.each([
  ['mcp__afip__pay', 'pay'],
  ['mcp__afip__pay__now', 'pay__now'],
  ['mcp__afip', undefined],
  ['mcp___a__b', undefined],
  ['afip__pay', undefined],
])('%s has a name of the server in front of %s', (shown, name) => {
  expect(prefixedName(shown)).toBe(name);
});
