import type { KnownServer } from '../../known-server.js';
import { AFIP_PRESETS } from './preset.js';
import { simulateAfip } from './simulation.js';
import { AFIP_TOOLS } from './tools.js';

/** Source: the package's server.json and the variables that its code reads, at the version named. */
export const AFIP: KnownServer = {
  name: 'afip',
  command: 'mcp-afip',
  packageName: '@codespar/mcp-afip',
  version: '0.2.0-alpha.2',
  environment: [
    { name: 'AFIP_CUIT', required: true, secret: false, what: 'CUIT of the issuer, 11 digits' },
    {
      name: 'AFIP_CERT_PATH',
      required: true,
      secret: false,
      what: 'path of the certificate file (.crt)',
      isFile: true,
    },
    {
      name: 'AFIP_KEY_PATH',
      required: true,
      secret: true,
      what: 'path of the private key file (.key)',
      isFile: true,
    },
    {
      name: 'AFIP_ENV',
      required: false,
      secret: false,
      what: '`homologation` (the default: no fiscal effect) or `production`',
      real: { value: 'production', why: 'where invoices count', test: ['homologation'] },
    },
  ],
  presets: AFIP_PRESETS,
  tools: AFIP_TOOLS,
  simulate: simulateAfip,
};
