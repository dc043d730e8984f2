import { EXIT } from '../../errors.js';
import { SHELLS, type ShellName } from '../completion/shells.js';
import type { Terminal } from '../terminal.js';

/** Prints the script by which a shell asks for what can be typed next. @param shell one that the table of commands lists */
export async function completions(shell: string, io: Terminal): Promise<number> {
  await io.out.write(SHELLS[shell as ShellName].script);
  return EXIT.done;
}
