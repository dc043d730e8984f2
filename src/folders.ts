import { homedir } from 'node:os';
import { posix, win32 } from 'node:path';

/** What the folders depend on; tests give their own. */
export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

const NAME = 'policy-wrap';

export function surroundings(): Surroundings {
  return { platform: process.platform, env: process.env, home: homedir() };
}

/** Where policies are looked for: `<config dir>/<server>.json`. Absolute, and never below the working directory. */
export function configDir({ platform, env, home }: Surroundings): string {
  if (platform === 'win32') return win32.join(env.APPDATA || win32.join(home, 'AppData', 'Roaming'), NAME);
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', NAME);
  return posix.join(xdg(env.XDG_CONFIG_HOME) ?? posix.join(home, '.config'), NAME);
}

/** Where the state database lies. */
export function dataDir({ platform, env, home }: Surroundings): string {
  if (platform === 'win32') return win32.join(env.LOCALAPPDATA || win32.join(home, 'AppData', 'Local'), NAME);
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', NAME);
  return posix.join(xdg(env.XDG_DATA_HOME) ?? posix.join(home, '.local', 'share'), NAME);
}

/** The XDG base directory specification has relative paths ignored. */
function xdg(value: string | undefined): string | undefined {
  return value && posix.isAbsolute(value) ? value : undefined;
}
