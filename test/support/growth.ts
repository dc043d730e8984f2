/**
 * How much more work a larger input takes, by the processor time of this process, so that other load does not count:
 * about `factor` where the work grows with the input, its square where each part is compared with every other.
 *
 * @param work does it for an input of that size; the least of three runs counts
 */
export function growth(work: (size: number) => unknown, small: number, factor: number): number {
  const cost = (size: number) => {
    const runs = Array.from({ length: 3 }, () => {
      const before = process.cpuUsage();
      work(size);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    });
    return Math.min(...runs);
  };
  // Compiled code before anything is measured.
  work(small);
  return cost(small * factor) / cost(small);
}
