import { chmodSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { inShell, PYTHON } from '../support/asking.js';
import { Rig } from '../support/rig.js';
import { Recording } from './recording.js';

/** Gives what differs from run to run one value: the home, instants, rests of a window, the approval's id. */
const steady =
  (home: string) =>
  (shown: string): string => {
    const [, id = home] =
      /approval ([a-z0-9]{6})\b/.exec(shown) ?? /Approval \S*?([a-z0-9]{6})\b/.exec(shown) ?? [];
    return (
      shown
        .replaceAll(home, '/home/ana')
        .replaceAll(id, '7k2x9q')
        .replace(/\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?/g, (at) => '2026-11-26T15:14:02.678Z'.slice(0, at.length))
        // Around midnight a time has its day, and the log two days.
        .replace(/2026-11-26 (?=\d\d:)/g, '')
        .replace(/((?:^|\n)\S*2026-11-26\S*\r?\n[\s\S]*?\n)\S*2026-11-26\S*\r?\n/, '$1')
        .replace(/(?<![\dT])\d\d:\d\d:\d\d(?!\d)/g, '15:04:05')
        .replace(/(expires.*?)15:04:05/, (_, before) => `${before}15:14:03`)
        .replace(/in \d+ s\b/g, 'in 597 s')
        .replace(/\(\d+ min(?: \d+ s)?\)/g, '(9 min 58 s)')
        // Broken between words, as a chat would show it.
        .replace(/^\[.*$/gm, (text) => text.replace(/(.{1,80})(?: |$)/g, '$1\r\n').trimEnd())
    );
  };

test.skipIf(PYTHON === undefined)('docs/recordings/refusal is what is seen today', async () => {
  await using rig = new Rig();
  const recording = new Recording(rig);
  const call = `#!/bin/sh\nexec "${process.execPath}" "${resolve('test/recording/call.js')}" "$@"\n`;
  chmodSync(recording.put('bin/call', call), 0o755);
  recording.put(
    '.config/Claude/claude_desktop_config.json',
    JSON.stringify({
      mcpServers: {
        filesystem: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-filesystem', '/work'] },
      },
    }),
  );
  const setUp = await inShell(
    ['/bin/sh', '-c', 'policy-wrap setup --all --strength brake --yes'],
    [],
    recording.env(),
  );
  expect(setUp.code, setUp.stdout).toBe(0);

  const told = steady(rig.folder);
  const write = 'call filesystem write_file path=notes.txt content=x';
  await recording.type(`for n in 1 2 3 4 5 6; do ${write}; done`, [], told);
  recording.gap();
  await recording.type('call filesystem delete_file path=notes.txt', [], told);
  recording.gap();
  await recording.type('policy-wrap log --denied', [], told);
  recording.gap();
  await recording.type('policy-wrap approvals', [], told);
  await recording.isThatOf(
    'refusal',
    'What the model reads when a call is refused, and what the person sees',
  );
});
