import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { type Message, Rig } from '../support/rig.js';
import { runToEnd, scratch } from './scratch.js';

const CLIENT = resolve('test/interop/conformance-client.js');

/** The worst status of each check of a scenario; what only tells what happened is left out. */
async function checks(
  rig: Rig,
  scenario: string,
  revision: string,
  mode: string,
): Promise<Map<string, string>> {
  const { packages, node22 } = await scratch();
  const folder = join(rig.folder, mode);
  const suite = join(packages, 'conformance', 'dist', 'index.js');
  const second = revision === '2026-07-28' && !scenario.startsWith('auth/') ? [packages] : [];
  const command = [process.execPath, CLIENT, mode, ...second].join(' ');
  const args = ['client', '--command', command, '--scenario', scenario, '--spec-version', revision];
  const { output } = await runToEnd(node22, [suite, ...args, '--output-dir', folder], rig.folder);
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((f) =>
    f.endsWith('checks.json'),
  );
  if (found === undefined) throw new Error(output.slice(-2000));
  const worst = new Map<string, string>();
  for (const { id, status } of JSON.parse(readFileSync(join(folder, found), 'utf8')) as Message[]) {
    if (status === 'INFO') continue;
    if (!worst.has(id) || status === 'FAILURE') worst.set(id, status);
  }
  return worst;
}

/** Checks that go another way through policy-wrap than with the SDK alone, with the reason. */
const OTHERWISE: Record<string, Record<string, string>> = {
  // A client's own document at an address of its own: nobody serves one for policy-wrap, which registers.
  'auth/basic-cimd': { 'cimd-client-id-used': 'WARNING' },
};
/** What the SDK's client fails and policy-wrap passes; the checks behind it are then not reached. */
const REFUSES: Record<string, string> = {
  'auth/iss-supported-missing': 'sep-2468-client-reject-missing-iss',
  'auth/iss-wrong-issuer': 'sep-2468-client-compare-iss-supported',
  'auth/iss-unexpected': 'sep-2468-client-compare-iss-unadvertised',
  'auth/iss-normalized': 'sep-2468-client-no-normalization',
  'auth/metadata-issuer-mismatch': 'sep-2468-client-validate-metadata-issuer',
};

test.each<[scenario: string, revision: string]>([
  ...['initialize', 'tools_call', 'elicitation-sep1034-client-defaults', 'sse-retry'].map(
    (name): [string, string] => [name, '2025-11-25'],
  ),
  ...[
    ...['metadata-default', 'metadata-var1', 'metadata-var2', 'metadata-var3', 'basic-cimd'],
    ...['scope-from-www-authenticate', 'scope-from-scopes-supported', 'scope-omitted-when-undefined'],
    ...['scope-step-up', 'scope-retry-limit', 'pre-registration'],
    ...['token-endpoint-auth-basic', 'token-endpoint-auth-post', 'token-endpoint-auth-none'],
  ].map((name): [string, string] => [`auth/${name}`, '2025-11-25']),
  ['auth/2025-03-26-oauth-metadata-backcompat', '2025-03-26'],
  ['auth/2025-03-26-oauth-endpoint-fallback', '2025-03-26'],
  ...[
    ...['resource-mismatch', 'offline-access-scope', 'offline-access-not-supported'],
    ...['iss-supported', 'iss-not-advertised', 'iss-supported-missing', 'iss-wrong-issuer', 'iss-unexpected'],
    ...['iss-normalized', 'metadata-issuer-mismatch'],
  ].map((name): [string, string] => [`auth/${name}`, '2026-07-28']),
  ...[
    ...['tools_call', 'request-metadata', 'http-standard-headers', 'http-custom-headers'],
    ...['http-invalid-tool-headers', 'sep-2322-client-request-state', 'json-schema-ref-no-deref'],
  ].map((name): [string, string] => [name, '2026-07-28']),
])(
  'G7: conformance of a client, %s (%s): what passes directly passes wrapped',
  async (scenario, revision) => {
    await using rig = new Rig();
    const direct = await checks(rig, scenario, revision, 'direct');
    const wrapped = await checks(rig, scenario, revision, 'wrapped');
    expect(wrapped.size).toBeGreaterThan(0);
    const refused = REFUSES[scenario];
    if (refused !== undefined) {
      expect([direct.get(refused), wrapped.get(refused)]).toEqual(['FAILURE', 'SUCCESS']);
      expect([...wrapped.values()]).not.toContain('FAILURE');
      return;
    }
    const passed = [...direct].filter(([, status]) => status === 'SUCCESS').map(([id]) => id);
    const expected = { ...Object.fromEntries(passed.map((id) => [id, 'SUCCESS'])), ...OTHERWISE[scenario] };
    expect(Object.fromEntries(wrapped)).toMatchObject(expected);
    expect([...wrapped.values()]).not.toContain('FAILURE');
  },
);
