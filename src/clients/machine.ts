import { readdirSync } from 'node:fs';
import { type PlatformPath, posix, win32 } from 'node:path';
import { surroundings } from '../config/paths.js';

/** What a client's paths depend on. A parameter, so that every platform's paths are tested on any of them. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The names in a folder; none when it is absent or closed to us. */
  list(folder: string): string[];
  exists(path: string): boolean;
}

/** The computer that this process runs on. */
export function thisMachine(): Machine {
  return {
    ...surroundings(),
    cwd: process.cwd(),
    list: (folder) => {
      try {
        return readdirSync(folder).sort();
      } catch {
        return [];
      }
    },
  };
}

/** Path arithmetic by the rules of the machine's own platform. */
export function pathsOf(machine: Machine): PlatformPath {
  return machine.platform === 'win32' ? win32 : posix;
}
