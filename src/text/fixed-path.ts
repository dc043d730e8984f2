/** Whether a path names the same place on whatever drive and in whatever folder it is read. */
export function isFixedPath(path: string, platform: NodeJS.Platform): boolean {
  return platform === 'win32' ? /^(?:[A-Za-z]:[\\/]|[\\/]{2}[^\\/])/.test(path) : path.startsWith('/');
}
