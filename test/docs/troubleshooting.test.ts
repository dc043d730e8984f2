import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CODES, type RefusalCode } from '../../src/policy/codes.js';
import { command } from '../support/asking.js';
import { headingsOf, textOf } from '../support/documents.js';
import { type Message, Rig, refusalCode } from '../support/rig.js';

const PAGE = 'docs/troubleshooting.md';

/** The rows of the tables below a heading, each a list of cells. */
function rowsBelow(heading: string): string[][] {
  const [, part = ''] = textOf(PAGE).split(`\n## ${heading}\n`);
  const [own = ''] = part.split('\n## ');
  return own
    .split('\n')
    .filter((line) => /^\| [^-]/.test(line))
    .slice(1)
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\) \| |(?<!\\) \|$/)
        .map((cell) => cell.trim().replaceAll('\\|', '|')),
    );
}

/** A message as the page writes it: what stands in `<...>` differs, and may be nothing. */
const messageOf = (cell: string): string =>
  /^`` ?(.*?) ?``$|^`(.*)`$/.exec(cell)?.slice(1).find(Boolean) ?? '';
const partsOf = (message: string): string[] => message.split(/<[^<>]+>/).map((part) => part.trim());
const patternOf = (message: string): RegExp =>
  new RegExp(
    message
      .split(/<[^<>]+>/)
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[^]*'),
  );

const REFUSALS = 'What the model reads';
const refusals = rowsBelow(REFUSALS);

test('every code of a refusal has its row, in the order in which a call meets them', () => {
  expect(refusals.map(([code]) => code?.replaceAll('`', ''))).toEqual(
    (Object.keys(CODES) as RefusalCode[]).filter((code) => code !== 'MALFORMED'),
  );
});

test('every row says why, and what to do', () => {
  const rows = headingsOf(PAGE)
    .filter(({ level }) => level === 2)
    .flatMap(({ text }) => rowsBelow(text));
  expect(rows.length).toBeGreaterThan(60);
  for (const row of rows) for (const cell of row) expect(cell, row.join(' | ')).not.toBe('');
});

/** Texts of the program: what stands in one literal, and in literals that are put together, with blanks made one. */
const program = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) =>
    readFileSync(join('src', name), 'utf8')
      .replace(/['`"]\s*\+\s*['`"]/g, '')
      .replaceAll("\\'", "'")
      .replaceAll('\\`', '`')
      .replaceAll('\\"', '"'),
  )
  .join('\n');

const others = headingsOf(PAGE)
  .filter(({ level, text }) => level === 2 && text !== REFUSALS)
  .flatMap(({ text }) => rowsBelow(text).map(([message = '']) => [messageOf(message), text] as const));

test.each(others)('the program says "%s" (%s)', (message) => {
  const parts = partsOf(message).filter((part) => /\p{L}{3}/u.test(part));
  expect(parts.join('').length).toBeGreaterThan(8);
  expect(parts.filter((part) => !program.includes(part))).toEqual([]);
});

/** What a model is told, by code. */
const told = new Map<string, string>();
let rig: Rig;
beforeAll(async () => {
  rig = new Rig();
  await refuseForEveryReason(rig, (answer) => {
    const code = refusalCode(answer);
    if (code !== undefined) told.set(code, answer.result.content[0].text);
  });
}, 60_000);
afterAll(() => rig[Symbol.asyncDispose]());

/** It takes time to expire, and no test waits for that. */
const BY_SOURCE: readonly string[] = ['APPROVAL_EXPIRED'];

test.each(refusals)('a refusal with %s says `%s`', (cell = '', quoted = '') => {
  const code = cell.replaceAll('`', '');
  const message = messageOf(quoted);
  if (BY_SOURCE.includes(code)) {
    for (const part of partsOf(message)) expect(program).toContain(part);
    return;
  }
  expect(told.get(code)).toMatch(patternOf(message));
});

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** Wrappers in front of servers, whose calls are refused for one reason after the other. */
async function refuseForEveryReason(rig: Rig, tell: (answer: Message) => void): Promise<void> {
  const condition = (op: string) => [{ conditions: [{ path: 'args.amount', op, value: 100 }] }];
  const policy = {
    version: '1',
    default: 'deny',
    pin: 'deny',
    tools: {
      strict: { arguments: 'declared' },
      require: { require: condition('lte') },
      deny_if: { deny_if: condition('gt') },
      action: { action: 'deny' },
      amount: { limits: [{ counter: 'sum', window: 'day', max: 1, amount: 'args.amount' }] },
      // A minute of a day that is neither today nor tomorrow.
      hours: { hours: { from: '00:00', to: '00:01', days: DAYS[(new Date().getUTCDay() + 3) % 7] } },
      before: { before: [{ tools: ['require'] }] },
      after: { after: [{ tools: ['limit'], within: '1h' }] },
      limit: { rate_limit: '1/day' },
      approve: { action: 'approve' },
      changing: {},
    },
  };
  const tools = (description: string) =>
    [...Object.keys(policy.tools), 'other'].map((name) => ({
      name,
      description: name === 'changing' ? description : name,
      inputSchema: { type: 'object', properties: { amount: {}, n: {} } },
    }));
  const open = async (given: Parameters<Rig['wrap']>[0]) => {
    const wrapper = rig.wrap(given);
    await wrapper.initialize();
    await wrapper.request('tools/list');
    return wrapper;
  };
  const calls: readonly (readonly [tool: string, args: object])[] = [
    ['strict', { b: 1 }],
    ['require', { amount: 500 }],
    ['deny_if', { amount: 500 }],
    ['action', {}],
    ['amount', { amount: '1' }],
    ['hours', {}],
    ['before', {}],
    ['limit', {}],
    ['limit', {}],
    ['after', {}],
    ['other', {}],
  ];
  const first = await open({ policy, recorder: { tools: tools('as it was') } });
  for (const [tool, args] of calls) tell(await first.call(tool, args));
  const asked = await first.call('approve', { n: 1 });
  tell(asked);
  const { approvalId } = asked.result._meta['policy-wrap/decision'];
  await command(rig, ['reject', approvalId, '--reason', 'no']);
  tell(await first.call('approve', { n: 1 }));
  await first.end();

  const counted = await open({
    policy: { ...policy, store: 'billing' },
    recorder: { tools: tools('as it was') },
  });
  tell(await counted.call('require', { amount: 1 }));
  await counted.end();

  const second = await open({ policy, recorder: { tools: tools('as it is now') } });
  tell(await second.call('changing'));
  await command(rig, ['pause', '--reason', 'a look']);
  tell(await second.call('require'));
  await second.end();

  tell(await (await open({})).call('limit'));
  const broken = await open({ policy, args: ['--db', rig.file('broken.db', 'no database')] });
  tell(await broken.call('limit'));
}
