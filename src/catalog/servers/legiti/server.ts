import type { KnownServer, SimulatedTool } from '../../known-server.js';
import { LEGITI_PRESETS } from './preset.js';
import { LEGITI_TOOLS } from './tools.js';

const decide: SimulatedTool = ({ sale_id }) => ({
  sale_id,
  decision: 'manual',
  score: 0.5,
  reason_codes: ['SIMULATED'],
});

/** Source: the package's server.json and the variables that its code reads, at the version named. */
export const LEGITI: KnownServer = {
  name: 'legiti',
  command: 'mcp-legiti',
  packageName: '@codespar/mcp-legiti',
  version: '0.2.0-alpha.2',
  environment: [
    {
      name: 'LEGITI_API_KEY',
      required: true,
      secret: true,
      what: 'API key; use the sandbox one, since calls with a production key train the scoring model',
    },
    {
      name: 'LEGITI_BASE_URL',
      required: false,
      secret: false,
      what: 'base URL from the contract; the default is the shared collection host',
    },
  ],
  presets: LEGITI_PRESETS,
  tools: LEGITI_TOOLS,
  simulate: () => ({ evaluate_order: decide, evaluate_sale: decide, get_decision: decide }),
};
