import { Option } from 'commander';
import { STRENGTH_NAMES } from '../catalog/strengths.js';
import { type OptionRow, RUN_OPTIONS } from '../config/run-options.js';
import { optionOf } from './options.js';

/** The options that several commands have. */
export const SHARED = {
  ...(Object.fromEntries(RUN_OPTIONS.map((row) => [row.key, optionOf(row)])) as Readonly<
    Record<OptionRow['key'], Option>
  >),
  json: new Option('--json', 'print the result as JSON'),
  noColor: new Option('--no-color', 'plain text, even in a terminal'),
  onlyServer: new Option('--server <name>', 'only this server'),
  since: new Option(
    '--since <when>',
    'from 90s, 2h or 7d ago, or from an ISO date (default: all that is kept)',
  ),
  yes: new Option('--yes', 'do not ask'),
  mine: new Option('--mine', "in the store of a team: only this login's, on this machine"),
  here: new Option('--here', 'this machine alone, and without the store of a team'),
  dryRun: new Option('--dry-run', 'show the change without making it'),
  config: new Option('--config <file>', 'a configuration file in a known format'),
  strength: new Option('--strength <name>', 'how strict').choices(STRENGTH_NAMES),
  scope: new Option('--scope <scope>', "which of a client's files").choices(['user', 'local', 'project']),
};
