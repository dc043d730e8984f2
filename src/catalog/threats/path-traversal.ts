import type { ToolDefinition } from '../tool-definition.js';
import { setOf, singular, wordsOf } from '../words.js';
import { READ_FILE } from './examples.js';
import { argumentsWith, lastWord, type Place, textPlaces } from './places.js';
import { safeMcp } from './sources.js';
import type { Disguise, Threat } from './threat.js';
import { attack, entry, perTool, when } from './tools-of.js';

const PATHS = setOf('path paths filepath filepaths file filename files directory directories dir cwd');
/** The same, in a tool that is about files. */
const ENDS = setOf('folder source destination src dest dst target from to input output');
const FILES = setOf('file directory path dir');
/** Paths of something else than files. */
const ELSE = setOf('webhook url uri route api http json x xpath css class key dot query');

const PARTS = `(?i)(^|[\\/\\\\])([.]{1,2}|[.]ssh|[.]aws|[.]gnupg|[.]kube|[.]netrc|[.]npmrc|[.]git-credentials|[.]env[^\\/\\\\]*|id_(rsa|ed25519)[^\\/\\\\]*|credentials)([\\/\\\\]|$)`;

/** The attack, and the same below whatever folder a policy wants to see. */
const ATTACKS: readonly (readonly [name: string, path: string, disguise: Disguise])[] = [
  [
    'out of the folder, to a key',
    '/work/../home/user/.ssh/id_ed25519',
    (folder) => [`${ended(folder)}../../../home/user/.ssh/id_ed25519`],
  ],
  [
    'up from where the server stands',
    '../../home/user/.ssh/id_ed25519',
    (folder) => [`${ended(folder)}../../../../etc/passwd`],
  ],
  ['straight to credentials', '/home/user/.aws/credentials', () => []],
  [
    'to secrets in the folder',
    '/work/.env',
    (folder) => [`${ended(folder)}.env`, `${ended(folder)}sub/.env`],
  ],
  ['to secrets, in capitals', '/work/.ENV', (folder) => [`${ended(folder)}.ENV`]],
  [
    'out of the folder by backslashes',
    '/work/..\\..\\.ssh\\id_ed25519',
    (folder) => [`${ended(folder)}..\\..\\.ssh\\id_ed25519`],
  ],
];
const ended = (folder: string): string => (folder.endsWith('/') ? folder : `${folder}/`);

/** The places in which a tool takes a path. */
function pathPlaces({ name, description, inputSchema }: ToolDefinition): Place[] {
  const words = [...wordsOf(name.slice(0, 200)), ...wordsOf((description ?? '').slice(0, 200))].map(singular);
  const isOfFiles = words.some((word) => FILES.has(word));
  return textPlaces(inputSchema).filter((place) => {
    const last = lastWord(place);
    if (wordsOf((place.names.at(-1) ?? '').slice(0, 100)).some((word) => ELSE.has(word))) return false;
    return PATHS.has(last) || (isOfFiles && ENDS.has(last));
  });
}

export const PATH_TRAVERSAL: Threat = {
  id: 'path-traversal',
  title: 'Path traversal and files of credentials',
  how: 'A path climbs out of the folder that was meant (`..`), or names what opens other doors: keys, tokens, `.env`. Servers that join paths as text follow it.',
  sources: [
    safeMcp('SAFE-T1105', 'Path Traversal via File Tool'),
    safeMcp('SAFE-T1502', 'File-Based Credential Harvest'),
    safeMcp('SAFE-T1503', 'Env-Var Scraping'),
  ],
  opens: 'a tool that takes a path, alone, in a list or inside of an object',
  sight: 'calls',
  rule: 'Paths begin with the folder that is meant, and have no part such as `..`, `.ssh` or `.env`. Where a call may leave the path out, one that names it is looked at by a person.',
  leaves: 'Links in the folder that lead out of it: only the server sees those.',
  example: [{ server: 'files', tools: [READ_FILE] }],
  openings: (servers) =>
    perTool(servers, (at) => {
      const places = pathPlaces(at.tool);
      if (places.length === 0) return undefined;
      const names = [...new Set(places.map(({ path }) => path.slice('args.'.length)))];
      const required = places.filter(({ isRequired }) => isRequired);
      const optional = places.filter(({ isRequired }) => !isRequired);
      return {
        why:
          names.length === 1
            ? `argument "${names[0]}" is a path`
            : `arguments "${names.join('", "')}" are paths`,
        attacks: places.flatMap((place) =>
          ATTACKS.map(([name, path, disguise]) =>
            attack(`${names.length > 1 ? `${place.path.slice('args.'.length)}: ` : ''}${name}`, {
              ...at,
              args: argumentsWith(at.tool.inputSchema, place, path),
              disguises: { [place.key]: disguise },
            }),
          ),
        ),
        fix: entry(at, {
          ...(required.length > 0 && {
            require: required.map(({ path }) => when(path, 'starts_with', '/work/', 'Only below /work.')),
          }),
          deny_if: places.map(({ path }) => when(path, 'regex', PARTS, 'Not this part of the folder.')),
          ...(optional.length > 0 && {
            approve_if: optional.map(({ path }) =>
              when(path, 'exists', true, 'A path is named, so a person looks at it.'),
            ),
          }),
        }),
      };
    }),
};
