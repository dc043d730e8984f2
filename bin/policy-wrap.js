#!/usr/bin/env node
import { lstatSync, mkdirSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * A folder for compiled code that nobody but this user can write: what lies in it is run. Undefined where there is
 * none; then every start compiles anew.
 */
function privateFolder() {
  try {
    const { XDG_CACHE_HOME = '' } = process.env;
    const base = isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache');
    const folder = join(base, 'policy-wrap', 'compiled');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = lstatSync(folder);
    const ours = process.getuid === undefined || (uid === process.getuid() && (mode & 0o077) === 0);
    return ours ? folder : undefined;
  } catch {
    return undefined;
  }
}

// From Node 22.1.
if (module.enableCompileCache) {
  const folder = privateFolder();
  if (folder) module.enableCompileCache(folder);
}
const { main } = await import('../dist/main.js');
await main(process.argv.slice(2));
