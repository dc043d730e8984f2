import { setOf } from '../words.js';
import { READ_FILE } from './examples.js';
import { sampleArguments } from './sample.js';
import { safeMcp } from './sources.js';
import type { Threat } from './threat.js';
import { argumentOf, entry, pathTo, perTool, when } from './tools-of.js';

const PATHS = setOf('path paths filepath file filename files directory dir folder');
const PARTS = '(^|/)([.]{1,2}|[.]ssh|[.]aws|[.]gnupg|[.]env[^/]*|id_(rsa|ed25519)[^/]*|credentials)(/|$)';

export const PATH_TRAVERSAL: Threat = {
  id: 'path-traversal',
  title: 'Path traversal and files of credentials',
  how: 'A path climbs out of the folder that was meant (`..`), or names what opens other doors: keys, tokens, `.env`. Servers that join paths as text follow it.',
  sources: [
    safeMcp('SAFE-T1105', 'Path Traversal via File Tool'),
    safeMcp('SAFE-T1502', 'File-Based Credential Harvest'),
    safeMcp('SAFE-T1503', 'Env-Var Scraping'),
  ],
  opens: 'a tool that takes a path',
  sight: 'calls',
  rule: 'Paths begin with the folder that is meant, and have no part such as `..`, `.ssh` or `.env`.',
  leaves: 'Links in the folder that lead out of it: only the server sees those.',
  example: [{ server: 'files', tools: [READ_FILE] }],
  openings: (servers) =>
    perTool(servers, (at) => {
      const text = argumentOf(at.tool, PATHS, 'string');
      const argument = text ?? argumentOf(at.tool, PATHS, 'array');
      if (argument === undefined) return undefined;
      const isList = text === undefined;
      const to = (path: string) => {
        const given = { [argument]: isList ? [path] : path };
        return [{ ...at, args: sampleArguments(at.tool.inputSchema, given) }];
      };
      const path = isList ? `${pathTo(argument)}[*]` : pathTo(argument);
      return {
        why: `argument "${argument}" is a path`,
        attacks: [
          to('/work/../home/user/.ssh/id_ed25519'),
          to('/home/user/.aws/credentials'),
          to('/work/.env'),
        ],
        fix: entry(at, {
          require: [when(path, 'starts_with', '/work/', 'Only below /work.')],
          deny_if: [when(path, 'regex', PARTS, 'Not this part of the folder.')],
        }),
      };
    }),
};
