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
