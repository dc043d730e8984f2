import { FakeTerminal } from './support.js';

/** What a command writes to standard output, and what it returns; it goes by this machine's clock. */
export async function output(
  command: (terminal: FakeTerminal) => Promise<number>,
): Promise<{ code: number; text: string }> {
  const terminal = new FakeTerminal();
  terminal.at = Date.now();
  const code = await command(terminal);
  return { code, text: terminal.out.text };
}
