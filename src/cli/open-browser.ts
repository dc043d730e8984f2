import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { platform as thisSystem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The system's own way to open an address, as words: nothing of it passes a shell. */
function openerOf(
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] | undefined {
  if (platform === 'darwin') return ['open'];
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  // In the Linux of Windows there is no desktop of its own.
  if (env.WSL_DISTRO_NAME) return ['explorer.exe'];
  return env.DISPLAY || env.WAYLAND_DISPLAY ? ['xdg-open'] : undefined;
}

/**
 * Opens an address in the person's browser.
 *
 * @param isListed whether other accounts may read the arguments of our processes and make use of them: then the address
 * stands in a file that only this account can read, and the file is opened
 * @returns removes what was made; undefined where there is no way to a browser
 */
export function openBrowser(
  address: string,
  isListed: boolean,
  {
    env,
    platform = thisSystem(),
  }: { env: Readonly<Record<string, string | undefined>>; platform?: NodeJS.Platform },
): (() => void) | undefined {
  const [file, ...words] = openerOf(platform, env) ?? [];
  if (file === undefined) return undefined;
  const page = isListed && platform !== 'win32' ? privatePage(address) : undefined;
  const child = spawn(file, [...words, page?.url ?? address], {
    stdio: 'ignore',
    detached: platform !== 'win32',
    windowsHide: true,
    env: env as NodeJS.ProcessEnv,
  });
  // The address is printed too: a person opens it by hand.
  child.on('error', () => {});
  child.unref();
  return page?.remove ?? (() => {});
}

function privatePage(address: string): { readonly url: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-open-'));
  const path = join(folder, 'open.html');
  writeFileSync(path, `<!doctype html><meta http-equiv="refresh" content="0;url=${address}">\n`, {
    mode: 0o600,
  });
  return { url: pathToFileURL(path).href, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
