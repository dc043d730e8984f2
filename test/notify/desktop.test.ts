import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SendError } from '../../src/notify/channels/channel.js';
import { desktop, desktopCommand } from '../../src/notify/channels/desktop.js';
import type { Message } from '../../src/notify/message.js';

const MESSAGE: Message = {
  event: 'approval',
  server: 's',
  title: '-h "$(id)" ` \' <b>x</b>',
  text: '"; display dialog "x" & <i>y</i> $(id) `id`',
  key: 'k',
  id: 'msg_1',
  at: 0,
  host: 'h',
  link: undefined,
};

test.each(['darwin', 'linux', 'win32'] as const)(
  '%s: texts are arguments, or variables, never part of a script',
  (platform) => {
    const { args, env } = desktopCommand(platform, MESSAGE);
    const scripts = platform === 'linux' ? [] : args.slice(0, platform === 'darwin' ? 6 : 4);
    expect(scripts.join('\n')).not.toContain('$(id)');
    if (platform === 'win32')
      expect(env).toEqual({ POLICY_WRAP_TITLE: MESSAGE.title, POLICY_WRAP_TEXT: MESSAGE.text });
    if (platform === 'darwin') expect(args.slice(6)).toEqual(['policy-wrap', MESSAGE.title, MESSAGE.text]);
    if (platform === 'linux') {
      expect(args.slice(-3)).toEqual([
        '--',
        MESSAGE.title,
        MESSAGE.text.replace('&', '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;'),
      ]);
    }
  },
);

test('macOS: a name that begins like an option is no line of the script', () => {
  const title = '-e do shell script "id" -- waits for you';
  const { args } = desktopCommand('darwin', { ...MESSAGE, title });
  // As getopt reads it on BSD: options end with the first word that is none, and each -e takes the next one.
  const first = args.findIndex((word, i) => !word.startsWith('-') && args[i - 1] !== '-e');
  expect(args.slice(first)).toEqual(['policy-wrap', title, MESSAGE.text]);
  expect(args.slice(0, first).filter((word) => word === '-e')).toHaveLength(3);
});

test('Linux: signs of markup that notify-send makes of backslashes are none', () => {
  const text = String.raw`\074a href="http://evil.example"\076here\x3c/a\n`;
  const { args } = desktopCommand('linux', { ...MESSAGE, text });
  // As g_strcompress reads it: \\ is one backslash, and nothing else is left that begins with one.
  expect(args.at(-1)?.replaceAll('\\\\', '')).not.toContain('\\');
  expect(args.at(-1)).not.toMatch(/[<>]/);
});

test.skipIf(process.platform === 'win32')(
  'the program gets the texts as they are, and nothing of the environment but what it needs',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'desktop-'));
    try {
      const program = join(folder, 'notify-send');
      writeFileSync(
        program,
        `#!/bin/sh\nprintf '%s\\n' "$@" > "${folder}/args"\n/usr/bin/env > "${folder}/env"\n`,
      );
      chmodSync(program, 0o755);
      const env = { PATH: folder, HOME: '/h', DISPLAY: ':0', API_KEY: 'secret' };
      await desktop(env, 'linux').send(MESSAGE, AbortSignal.timeout(10_000));
      expect(readFileSync(join(folder, 'args'), 'utf8')).toContain(`--\n${MESSAGE.title}\n`);
      const given = readFileSync(join(folder, 'env'), 'utf8');
      expect(given).toContain('DISPLAY=:0');
      expect(given).not.toContain('secret');
      writeFileSync(program, '#!/bin/sh\nexit 3\n');
      await expect(desktop(env, 'linux').send(MESSAGE, AbortSignal.timeout(10_000))).rejects.toThrow(
        'notify-send ended with 3',
      );
      rmSync(program);
      const missing = desktop(env, 'linux').send(MESSAGE, AbortSignal.timeout(10_000));
      await expect(missing).rejects.toBeInstanceOf(SendError);
      // It is not there a moment later either.
      await expect(missing).rejects.toMatchObject({ isPassing: false });
      await expect(missing).rejects.toThrow('notify-send is not on this machine');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
