import type { Writable } from 'node:stream';

/**
 * Writes parts of a whole in one go.
 *
 * @param done of the first part: the others leave this process with it or behind it
 */
export function writeAll(
  stream: Writable,
  parts: readonly (Buffer | string)[],
  done?: (error: Error | null | undefined) => void,
): void {
  // Holding writes back costs more than it saves for one.
  const isOne = parts.length === 1;
  if (!isOne) stream.cork();
  stream.write(parts[0], done);
  for (let i = 1; i < parts.length; i++) stream.write(parts[i]);
  if (!isOne) stream.uncork();
}
