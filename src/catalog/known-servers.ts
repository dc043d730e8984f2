/** A variable that a server reads from its environment. */
export interface EnvironmentVariable {
  readonly name: string;
  /** Whether the server does nothing useful without it. */
  readonly required: boolean;
  /** Whether its value must not be shown, logged or written into a file that others read. */
  readonly secret: boolean;
  /** What to put there, for people. */
  readonly what: string;
}

/** A server that policy-wrap can start by its short name and has a preset for. */
export interface KnownServer {
  /** What people type after `--`. */
  readonly command: string;
  readonly packageName: string;
  /** The version that is fetched when the command is not on the machine: pinned, so that an upload cannot change it. */
  readonly version: string;
  /** Name of the preset (presets.ts) that holds for it when there is no other policy. */
  readonly preset: string;
  readonly environment: readonly EnvironmentVariable[];
}

/** Source: each package's server.json and the variables that its code reads, at the version named. */
export const KNOWN_SERVERS: readonly KnownServer[] = [
  {
    command: 'mcp-afip',
    packageName: '@codespar/mcp-afip',
    version: '0.2.0-alpha.2',
    preset: 'afip',
    environment: [
      { name: 'AFIP_CUIT', required: true, secret: false, what: 'CUIT of the issuer, 11 digits' },
      { name: 'AFIP_CERT_PATH', required: true, secret: false, what: 'path of the certificate file (.crt)' },
      { name: 'AFIP_KEY_PATH', required: true, secret: true, what: 'path of the private key file (.key)' },
      {
        name: 'AFIP_ENV',
        required: false,
        secret: false,
        what: '`homologation` (the default: no fiscal effect) or `production`',
      },
    ],
  },
  {
    command: 'mcp-legiti',
    packageName: '@codespar/mcp-legiti',
    version: '0.2.0-alpha.2',
    preset: 'legiti',
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
  },
];

const byCommand = new Map(KNOWN_SERVERS.map((server) => [server.command, server]));

/**
 * @param command a bare command name, or a name that `serverName` gave
 * @returns the known server of exactly that name. A path is never one: who names a file means that file.
 */
export function knownServer(command: string): KnownServer | undefined {
  return byCommand.get(command);
}
