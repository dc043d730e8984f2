import { spawn } from 'node:child_process';
import { bodyOf, type Message } from '../message.js';
import { type Channel, SendError } from './channel.js';

interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Besides what the program needs of ours. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Puts title and text together from its arguments: they are never part of the script. */
const APPLESCRIPT = [
  'on run argv',
  'display notification (item 3 of argv) with title (item 2 of argv) sound name "Ping"',
  'end run',
].flatMap((line) => ['-e', line]);

/** The texts come by the environment, and enter the toast as nodes of text. */
const POWERSHELL = [
  "$ErrorActionPreference = 'Stop'",
  '[void][Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime]',
  '$toast = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent(1)',
  "$lines = $toast.GetElementsByTagName('text')",
  '[void]$lines.Item(0).AppendChild($toast.CreateTextNode($env:POLICY_WRAP_TITLE))',
  '[void]$lines.Item(1).AppendChild($toast.CreateTextNode($env:POLICY_WRAP_TEXT))',
  "$id = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe'",
  '[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($id).Show([Windows.UI.Notifications.ToastNotification]::new($toast))',
].join('; ');

/** The system's own program that shows a message. */
export function desktopCommand(platform: NodeJS.Platform, { title, ...message }: Message): Command {
  const text = bodyOf({ title, ...message });
  switch (platform) {
    case 'darwin':
      // The first word ends the options (getopt, as BSD has it): a title that begins with -e would be a line of the script.
      return { program: '/usr/bin/osascript', args: [...APPLESCRIPT, 'policy-wrap', title, text] };
    case 'win32':
      return {
        program: 'powershell.exe',
        args: ['-NoProfile', '-NonInteractive', '-Command', POWERSHELL],
        env: { POLICY_WRAP_TITLE: title, POLICY_WRAP_TEXT: text },
      };
    default:
      // The desktop reads the body as markup (freedesktop.org, Desktop Notifications 1.2, "Markup").
      return {
        program: 'notify-send',
        args: ['--app-name=policy-wrap', '--urgency=critical', '--', title, escapedMarkup(text)],
      };
  }
}

/** Backslashes too: notify-send reads `\\074` as a sign of markup, after it was escaped (`g_strcompress`). */
function escapedMarkup(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

/** What these programs need to reach the person's desktop; the rest of the environment belongs to the server. */
const NEEDED = [
  'PATH',
  'HOME',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'DBUS_SESSION_BUS_ADDRESS',
  'XDG_RUNTIME_DIR',
  'SystemRoot',
  'USERPROFILE',
  'TEMP',
  'PSModulePath',
];

/** The person's own desktop. */
export function desktop(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): Channel {
  return {
    send(message, signal) {
      const { program, args, env: more } = desktopCommand(platform, message);
      const kept = Object.fromEntries(
        NEEDED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
      );
      return new Promise((resolve, reject) => {
        const fail = (reason: string) => reject(new SendError(reason, { isPassing: false }));
        const child = spawn(program, args, {
          stdio: 'ignore',
          env: { ...kept, ...more },
          windowsHide: true,
          signal,
        });
        child.once('error', (error: NodeJS.ErrnoException) =>
          fail(
            error.code === 'ENOENT' ? `${program} is not on this machine` : `${program}: ${error.message}`,
          ),
        );
        child.once('exit', (code) => (code === 0 ? resolve() : fail(`${program} ended with ${code}`)));
      });
    },
  };
}
