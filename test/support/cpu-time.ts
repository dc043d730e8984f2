/** @returns milliseconds that this process has computed: on a loaded machine it does not run on while others do */
export function cpuTime(): number {
  return process.cpuUsage().user / 1000;
}
