import { isFixedPath } from '../text/fixed-path.js';

/** What the server gets, and what `env.*` reads: our environment without our own settings. */
export function upstreamEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.toUpperCase().startsWith('POLICY_WRAP_')),
  );
}

/** The folders of PATH that count: a relative or empty one means the working directory, on which nothing may depend. */
export function pathFolders(path: string, platform: NodeJS.Platform = process.platform): string[] {
  return path.split(platform === 'win32' ? ';' : ':').filter((folder) => isFixedPath(folder, platform));
}
