import type { Above } from '../../src/cli/command-groups/command-row.js';

/** What `main` gives to the table of commands. */
export const ABOVE: Above = { ui: async () => (await import('../../src/page/ui.js')).ui };
