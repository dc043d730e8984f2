import { expect, test } from 'vitest';
import { trust } from '../../../src/cli/commands/trust.js';
import { FakeTerminal, State } from './support.js';

const SERVER = 'mcp-afip';

class Meanwhile extends FakeTerminal {
  /** What happens while the person reads the question. */
  happens: () => void = () => {};

  override ask(question: string): Promise<string | undefined> {
    this.happens();
    return super.ask(question);
  }
}

test('G3: a tool that changes again while it is read is not trusted, nor is one that was not shown', async () => {
  using state = new State();
  const see = (...tools: [name: string, description: string][]) =>
    state.store.seeTools(
      SERVER,
      tools.map(([name, description]) => ({ name, definition: JSON.stringify({ description }) })),
    );
  const changed = () => state.store.changedTools(SERVER).map(({ tool }) => tool);
  see(['pay', 'old'], ['send', 'old']);
  see(['pay', 'new']);

  const io = new Meanwhile(['y']);
  io.happens = () => see(['pay', 'evil']);
  await expect(trust(SERVER, undefined, { db: state.db }, io)).rejects.toMatchObject({
    code: 'REFUSED',
    message: expect.stringContaining('changed again while you were reading'),
  });
  expect(changed()).toEqual(['pay']);

  const again = new Meanwhile(['y']);
  again.happens = () => see(['send', 'evil']);
  expect(await trust(SERVER, undefined, { db: state.db }, again)).toBe(0);
  expect(again.out.text).toContain('1 trusted as they are now');
  expect(changed()).toEqual(['send']);
});

test('a server or a tool that was never seen is an error, not "nothing has changed"', async () => {
  using state = new State();
  state.store.seeTools(SERVER, [{ name: 'create_invoice', definition: '{}' }]);
  const run = (server: string, tool?: string) => {
    const io = new FakeTerminal([]);
    return trust(server, tool, { db: state.db, dryRun: true }, io).then(() => io.out.text);
  };
  await expect(run('mcp-afpi')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: 'no server called mcp-afpi was seen here',
    hint: 'Did you mean "mcp-afip"?',
  });
  await expect(run(SERVER, 'create_invioce')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: 'no tool of mcp-afip called create_invioce was seen here',
    hint: 'Did you mean "create_invoice"?',
  });
  expect(await run(SERVER, 'create_invoice')).toBe('nothing has changed in the tools of mcp-afip\n');
});

test('with --json standard output is JSON alone; a person who accepts reads on stderr what', async () => {
  using state = new State();
  const see = (description: string) =>
    state.store.seeTools(SERVER, [{ name: 'pay', definition: JSON.stringify({ description }) }]);
  see('old');
  see('new');
  const looks = new FakeTerminal();
  expect(await trust(SERVER, undefined, { db: state.db, dryRun: true, json: true }, looks)).toBe(0);
  expect(JSON.parse(looks.out.text)).toMatchObject({ trusted: false, tools: [{ tool: 'pay' }] });
  expect(looks.err.text).toBe('');
  const accepts = new FakeTerminal(['y']);
  expect(await trust(SERVER, undefined, { db: state.db, json: true }, accepts)).toBe(0);
  expect(JSON.parse(accepts.out.text)).toMatchObject({ trusted: true, tools: [{ tool: 'pay' }] });
  expect(accepts.err.text).toContain('new');
  expect(state.store.changedTools(SERVER)).toEqual([]);
});
