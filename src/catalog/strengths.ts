import type { Preset } from './known-server.js';

/** How strictly a policy holds a server, from nothing refused to nothing allowed. */
export type Strength = 'watch' | 'brake' | 'careful' | 'locked';

export const STRENGTH_NAMES: readonly Strength[] = ['watch', 'brake', 'careful', 'locked'];

export const isStrength = (name: string): name is Strength =>
  (STRENGTH_NAMES as readonly string[]).includes(name);

/** What each of them means, in one line for people. */
export const STRENGTH_TITLES: Readonly<Record<Strength, string>> = {
  watch: 'everything passes, everything is logged',
  brake: 'everything passes but loops; what destroys or spends asks you',
  careful: 'reads pass, writes are limited; what is riskier or unknown asks you',
  locked: 'everything is refused until you allow it, tool by tool',
};

/** The same call again is one whose tool and arguments are the same. */
const SAME = '"per": ["tool.name", "args"]';

/** A limit on repeating one call, for what changes something. */
export const SAME_CHANGE = `{ "counter": "same_change", "window": "10m", "max": 5, ${SAME} }`;

/** What a definition that changes means, and what the server may ask of the client, below "default". */
export const TRUST: Readonly<Record<Strength, string>> = {
  watch: '',
  brake: `  // A tool whose definition changed is told, and passes. "hold" shows it as it was until you trust it.
  "pin": "warn",
`,
  careful: `  // A tool whose definition changed is shown as it was, and a new one not at all, until you trust it.
  "pin": "hold",
  // What the server may ask of the client: its model's answers, at your cost; a form for you; its folders.
  "server_requests": {
    "sampling": { "action": "approve", "reason": "The server wants the model to write for it, so a person decides." },
    "elicitation": {
      "approve_if": [
${[
  '{ "path": "args.message", "op": "regex", "value": "(?i)passw|passphrase|passcode|secret|credential|token|api.?key|private.?key|seed.?phrase|one.?time|card.?number|cvv|contrase|clave|senha" }',
  ...['password', 'passphrase', 'secret', 'token', 'api_key', 'apiKey'].map(
    (key) => `{ "path": "args.requestedSchema.properties.${key}", "op": "exists", "value": true }`,
  ),
]
  .map(
    (condition) =>
      `        { "conditions": [${condition}], "on_deny": "The server asks for a secret, so a person looks at it first." },\n`,
  )
  .join('')}      ],
    },
    "roots": {},
  },
`,
  locked: `  // A tool whose definition changed is shown as it was, and a new one not at all, until you trust it.
  "pin": "hold",
  // The server may ask nothing of the client.
  "server_requests": {},
`,
};

/** What holds over all tools together, whatever their entries say. */
export const BRAKES = `  // The emergency brakes, over all tools together.
  "all_tools": {
    "limits": [
      { "counter": "calls", "window": "minute", "max": 60 },
      // A loop that goes on failing ends here.
      { "counter": "failures", "window": "10m", "max": 10, "refund": "on_success" },
      // Looking again is no loop, but not without end.
      { "counter": "same_call", "window": "10m", "max": 30, ${SAME} },
    ],
  },
`;

const DESTROYS =
  'delete remove drop destroy erase wipe purge truncate revoke cancel terminate kill uninstall rm rmdir del unlink ' +
  'prune flush flushdb flushall reset overwrite expunge discard trash void ban deactivate expire ' +
  'eliminar borrar anular suprimir revocar vaciar destruir cancelar excluir apagar remover deletar limpar';
const SPENDS =
  'pay payment payout refund charge invoice purchase buy sell order transfer withdraw trade swap checkout deposit ' +
  'donate disburse reimburse topup stake mint bid tip wire money funds subscription send_?transaction ' +
  'credit[_-]?[nN]ote debit[_-]?[nN]ote nota[_-]?(?:[dD]e[_-]?)?[cC]redito nota[_-]?(?:[dD]e[_-]?)?[dD]ebito comprobante ' +
  'pagar cobrar comprar factura facturar emitir transferir depositar reembolsar estornar faturar pix vender';

/**
 * One of these words in a name in any case, `deleteUser`, `AWSDeleteBucket` and `bulk-delete` included, `deleted_items`
 * not.
 */
function inName(words: string): string {
  const any = words.replaceAll(' ', '|');
  const inner = words.replace(/(?<= |^)[a-z]/g, (letter) => letter.toUpperCase()).replaceAll(' ', '|');
  return `(^|[^A-Za-z])(?i:${any})s?([^a-z]|$)|[A-Za-z](${inner})s?([^a-z]|$)`;
}

const asksFor = (words: string, reason: string): string =>
  `{ "conditions": [{ "path": "tool.name", "op": "regex",
            "value": ${JSON.stringify(inName(words))} }],
          "on_deny": ${JSON.stringify(reason)} }`;

export const ASKS_TO_DESTROY = 'This may destroy something, so a person decides.';
export const ASKS_TO_SPEND = 'This moves money or commits to it, so a person decides.';
export const ASKS_FOR_SECRETS = 'This gives out secrets, so a person decides.';
export const ASKS_FOR_UNKNOWN = 'Nothing is known of what this does, so a person decides.';

/** What a tool that nobody has looked at yet is asked for by its name. */
export const ASKS_BY_NAME = `"approve_if": [
        ${asksFor(DESTROYS, ASKS_TO_DESTROY)},
        ${asksFor(SPENDS, ASKS_TO_SPEND)},`;

/** Names that begin so are taken for reading where nothing but the name is known. */
const READS = ['get_', 'list_', 'read_', 'search_', 'find_', 'fetch_', 'describe_', 'show_', 'count_'];
const readEntries = (...more: readonly string[]): string =>
  [...READS, ...more].map((start) => `    "${start}*": {},\n`).join('');

/** `find_and_delete` is no reading. Longer than what reads begin with, so that these entries win. */
const READS_AND_DESTROYS = ['delete', 'remove', 'destroy', 'purge']
  .map(
    (verb) =>
      `    "*_and_${verb}*": { "action": "approve", "reason": ${JSON.stringify(ASKS_TO_DESTROY)} },\n`,
  )
  .join('');

const BY_NAME =
  '// A preset knows no tools, so it goes by their names. With the tools of your server it is more exact:';

/** @returns the strength as a policy for a server whose tools are not known */
function withoutTools(strength: Strength): string {
  switch (strength) {
    case 'watch':
      return `// watch: ${STRENGTH_TITLES.watch} (policy-wrap log).
// policy-wrap recommend then writes a policy from what was done.
{ "version": "1", "default": "allow" }
`;
    case 'brake':
      return `// brake: ${STRENGTH_TITLES.brake}.
${BY_NAME}
// policy-wrap init --strength brake -- <server>
{
  "version": "1",
  "default": "allow",
${TRUST.brake}${BRAKES}
  "tools": {
    "*": {
      "limits": [
        ${SAME_CHANGE},
      ],
      ${ASKS_BY_NAME}
      ],
    },
${readEntries('query_')}${READS_AND_DESTROYS}  },
}
`;
    case 'careful':
      return `// careful: ${STRENGTH_TITLES.careful}.
${BY_NAME}
// policy-wrap init --strength careful -- <server>
{
  "version": "1",
  "default": "deny",
${TRUST.careful}${BRAKES}
  "tools": {
    "*": { "action": "approve", "reason": "By its name this does more than read, so a person decides." },
${readEntries()}${READS_AND_DESTROYS}  },
}
`;
    case 'locked':
      return `// locked: ${STRENGTH_TITLES.locked}.
{
  "version": "1",
  "default": "deny",
${TRUST.locked}  "tools": {
    // "read_file": {},
    // "write_file": { "rate_limit": "10/hour" },
  },
}
`;
  }
}

/** The strengths as shipped policies, for any server. */
export const STRENGTH_PRESETS: readonly Preset[] = STRENGTH_NAMES.map((name) => ({
  name,
  title: `any server: ${STRENGTH_TITLES[name]}`,
  text: withoutTools(name),
}));
