import { Command, InvalidArgumentError, Option } from 'commander';

/** Takes the exit code of the command that ran. */
export type Settle = (code: number) => void;

const MIB = 1 << 20;

export const policyOption = () =>
  new Option('-p, --policy <file>', 'the policy (else POLICY_WRAP_POLICY, the config folder, a preset)');
export const presetOption = () => new Option('--preset <name>', 'a shipped policy by name');
export const dbOption = () =>
  new Option('--db <file>', 'the state database (else POLICY_WRAP_DB, the data folder)');
export const serverOption = () =>
  new Option('--server <name>', 'the name that counters, log and approvals are kept under');
export const grantOption = () =>
  new Option('--grant <name>', 'the identity that shares counters').default('default');
export const noInstallOption = () => new Option('--no-install', 'never fetch a known server from npm');

function megabytes(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1024))
    throw new InvalidArgumentError('a number of megabytes up to 1024 is needed');
  return Math.round(value * MIB);
}

/** The command that wraps a server; its action is the caller's. */
export function runCommand(): Command {
  return new Command('run')
    .description('wrap the server that stands behind "--"; "run" may be left out')
    .addOption(policyOption())
    .addOption(presetOption())
    .addOption(dbOption())
    .addOption(serverOption())
    .addOption(grantOption())
    .option('--observe', 'decide and log, refuse nothing')
    .addOption(noInstallOption())
    .option('--max-client-line <MiB>', 'longest message from the client', megabytes, 16 * MIB)
    .option('--max-server-line <MiB>', 'longest message from the server', megabytes, 64 * MIB);
}
