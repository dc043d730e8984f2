/** Version of the shape of every `--json` output: fields may be added, never changed. Times in UTC. */
export const VERSION = 1;
