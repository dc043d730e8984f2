import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { inShell } from '../support/asking.js';
import { BIN, RECORDER, type Rig } from '../support/rig.js';
import { Screen } from './screen.js';
import { svgOf } from './svg.js';

const COLUMNS = 80;

/** What `@modelcontextprotocol/server-filesystem` lists, as far as it is shown. */
const TOOLS = [
  ...['read_text_file', 'list_directory', 'search_files', 'get_file_info'],
  ...['write_file', 'edit_file', 'create_directory', 'move_file', 'delete_file'],
];

/**
 * What a person sees who types lines into a terminal of 80 columns, in a home of their own. `npm run record` writes it
 * into docs/recordings/ anew; without that, it must be what the commands print today.
 */
export class Recording {
  readonly #rig: Rig;
  readonly #screen = new Screen(COLUMNS);

  constructor(rig: Rig) {
    this.#rig = rig;
    // In the place of a download: no test leaves the machine.
    const npx = `#!/bin/sh\nexec "${process.execPath}" "${RECORDER}" '${JSON.stringify({ tools: TOOLS })}'\n`;
    chmodSync(this.put('bin/npx', npx), 0o755);
    chmodSync(this.put('bin/policy-wrap', `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`), 0o755);
  }

  /** Writes a file of the home. @returns its path */
  put(name: string, text: string): string {
    const path = join(this.#rig.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  env(): NodeJS.ProcessEnv {
    return {
      PATH: `${join(this.#rig.folder, 'bin')}:${dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: this.#rig.folder,
      TERM: 'xterm-256color',
    };
  }

  /** An empty line. */
  gap(): void {
    this.#screen.write('\r\n');
  }

  /**
   * @param answers what to wait for, and what to type then
   * @param told gives what differs from run to run (instants, ids) the value of the recording
   */
  async type(
    line: string,
    answers: readonly (readonly [string, string])[] = [],
    told: (shown: string) => string = (shown) => shown,
  ): Promise<void> {
    this.#screen.write(`\u001b[1m$ ${line}\u001b[22m\r\n`);
    const { code, stdout } = await inShell(['/bin/sh', '-c', line], answers, this.env());
    expect(code, stdout).toBe(0);
    this.#screen.write(told(stdout));
  }

  /** Compares it with the files, as text and as a picture, light and dark. */
  async isThatOf(name: string, title: string): Promise<void> {
    const text = this.#screen.text();
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(COLUMNS);
    expect(text).not.toContain(this.#rig.folder);
    const file = `../../docs/recordings/${name}`;
    await expect(text).toMatchFileSnapshot(`${file}.txt`);
    const full = `${title}; the same as text: docs/recordings/${name}.txt`;
    for (const theme of ['light', 'dark'] as const)
      await expect(svgOf(this.#screen.lines(), COLUMNS, full, theme)).toMatchFileSnapshot(
        `${file}-${theme}.svg`,
      );
  }
}
