import type { Preset } from '../../known-server.js';

/** What is different for who issues. Texts are JSON, or comments of JSON, and stand in the policy as they are. */
interface Issuer {
  readonly preset: string;
  /** Comment lines under the heading. */
  readonly about: string;
  readonly points: string;
  readonly invoiceTypes: readonly (1 | 6 | 11)[];
  /** How create_invoice asks a person, with what says so. */
  readonly asks: string;
  /** Further `deny_if` predicates of create_invoice and its batch; `ITEM` stands for the path of one invoice. */
  readonly denies: string;
  /** Further limits on what is billed; `AMOUNT` stands for the path or sum that they charge. */
  readonly billed: string;
}

const PER = '"scope": "machine", "per": "env.AFIP_CUIT"';

const invoiceLimits = (issuer: Issuer, count: string, amount: string): string => `
        { "counter": "invoices_gap", "window": 20, "max": 1, ${PER},
          "on_deny": "Invoices are issued at least 20 seconds apart." },
        { "counter": "invoices_per_hour", "window": "hour", "max": 10, ${count}${PER} },
        { "counter": "invoices_per_day", "window": "day", "align": "calendar", "max": 30, ${count}${PER} },
        { "counter": "billed_per_day", "window": "day", "align": "calendar", "max": 2000000,
          "amount": ${amount}, ${PER} },${issuer.billed.replaceAll('AMOUNT', amount)}
        // Three failures stop issuing for ten minutes: a loop that retries a failing call ends here.
        { "counter": "invoice_failures", "window": "10m", "max": 3, "refund": "on_success", ${PER},
          "on_deny": "Too many failures. Look with get_last_invoice_number and get_invoice at what was issued." }`;

/** What must hold for an amount: a number (a text cannot be compared and is refused), positive, and not too much. */
const amountChecks = (path: string): string => `
        { "conditions": [{ "path": "${path}", "op": "gt", "value": 0 }], "on_deny": "A total is a number above 0." },
        { "conditions": [{ "path": "${path}", "op": "lte", "value": 500000 }],
          "on_deny": "More than 500,000 pesos on one document." },`;

const pesosOnly = (path: string): string =>
  `{ "conditions": [{ "path": "${path}", "op": "not_in", "value": ["PES", "ARS"] }], "on_deny": "Pesos only." }`;

/** The note that corrects each kind of invoice: a note is of the same letter as its invoice. */
const NOTES = { credit: { 1: 3, 6: 8, 11: 13 }, debit: { 1: 2, 6: 7, 11: 12 } } as const;

function note(issuer: Issuer, kind: keyof typeof NOTES): string {
  const types = issuer.invoiceTypes.map((invoice) => NOTES[kind][invoice]);
  const mismatch = issuer.invoiceTypes.map(
    (invoice) => `
        { "conditions": [{ "path": "args.note_type", "op": "eq", "value": ${NOTES[kind][invoice]} },
                         { "path": "args.related_invoice.invoice_type", "op": "neq", "value": ${invoice} }],
          "on_deny": "A note is of the same letter as the invoice that it corrects." },`,
  );
  return `"require": [
        { "conditions": [{ "path": "args.point_of_sale", ${issuer.points} }], "on_deny": "Not a point of sale that this policy allows." },
        { "conditions": [{ "path": "args.note_type", "op": "in", "value": ${list(types)} }], "on_deny": "Not a kind of note that this policy allows." },
        { "conditions": [{ "path": "args.related_invoice.invoice_type", "op": "in", "value": ${list(issuer.invoiceTypes)} },
                         { "path": "args.related_invoice.point_of_sale", ${issuer.points} },
                         { "path": "args.related_invoice.invoice_number", "op": "gt", "value": 0 }],
          "on_deny": "Name the invoice that the note corrects." },${amountChecks('args.amount_total')}
      ],
      "deny_if": [${mismatch.length > 1 ? mismatch.join('') : ''}
        ${pesosOnly('args.currency')},
      ],`;
}

const list = (values: readonly number[]): string => `[${values.join(', ')}]`;

const document = `"require": [
        // Numbers only: the server puts them into a URL as they are, and a text could carry "../" there.
        { "conditions": [{ "path": "args.invoice_type", "op": "gt", "value": 0 },
                         { "path": "args.point_of_sale", "op": "gt", "value": 0 },
                         { "path": "args.invoice_number", "op": "gt", "value": 0 }] },
      ],
      "rate_limit": "60/minute"`;

const taxpayer = `"require": [{ "conditions": [{ "path": "args.cuit", "op": "regex", "value": "^[0-9]{11}$" }] }],`;

const registerLimits = `"limits": [
        { "counter": "register_per_hour", "window": "hour", "max": 30 },
        { "counter": "register_per_day", "window": "day", "align": "calendar", "max": 100 },
      ]`;

const text = (
  issuer: Issuer,
): string => `// ${issuer.preset}: a policy for mcp-afip, Argentine electronic invoicing.
//
${issuer.about}
// An invoice with CAE cannot be deleted: only a credit note takes it back, and until then it counts as income.
// mcp-afip is an alpha: among others it has no argument for the recipient's IVA condition.
// All amounts are examples in pesos. What tax law says here is for orientation: check with your accountant.
//
// EDIT marks what is yours to decide. To do so: policy-wrap presets ${issuer.preset} > my.json
// and then: policy-wrap --policy my.json -- mcp-afip
{
  "version": "1",
  "default": "deny",
  "timezone": "America/Argentina/Buenos_Aires",
  // A tool whose definition changed is shown as it was, and a new one not at all, until you trust it.
  "pin": "hold",
  // mcp-afip asks nothing of the client: what does is not what this was written for.
  "server_requests": {},

  // cancel_invoice promises what the invoicing service does not have. create_invoice_batch can issue 250 invoices with
  // one call: take it out of this list to use the limits written for it below.
  "hide": ["cancel_invoice", "create_invoice_batch"],

  // How a person is asked: in the client where it can, else "policy-wrap approvals" on this machine.
  "approvals": { "wait": "45s", "expires": "10m", "channels": ["client", "queue"] },

  "all_tools": {
    "deny_if": [
      // EDIT: for production remove this check, after you have put in your own values.
      { "conditions": [{ "path": "env.AFIP_ENV", "op": "not_in", "value": ["homologation", ""] }],
        "on_deny": "AFIP_ENV is not homologation, and this is a shipped policy with example values. To take responsibility for another environment: policy-wrap presets ${issuer.preset} > my.json, put in your own values, remove this check, and start with: policy-wrap --policy my.json -- mcp-afip" },
    ],
    "limits": [{ "counter": "all_calls", "window": "minute", "max": 120 }],
  },

  "tools": {
    // Issuing. create_invoice, create_invoice_batch and create_debit_note share their counters, so that none of them
    // is a way around the limits of another, and every client on this machine shares them for one CUIT.
    "create_invoice": {
      ${issuer.asks}
      "require": [
        // EDIT: your points of sale, and the kinds of invoice that you issue (1 = A, 6 = B, 11 = C).
        { "conditions": [{ "path": "args.point_of_sale", ${issuer.points} }], "on_deny": "Not a point of sale that this policy allows." },
        { "conditions": [{ "path": "args.invoice_type", "op": "in", "value": ${list(issuer.invoiceTypes)} }], "on_deny": "Not a kind of invoice that this policy allows." },
        { "conditions": [{ "path": "args.concept", "op": "in", "value": [1, 2, 3] }], "on_deny": "The concept is 1, 2 or 3." },
        { "conditions": [{ "path": "args.doc_type", "op": "in", "value": [80, 86, 96, 99] }], "on_deny": "The doc_type is 80, 86, 96 or 99." },
        // EDIT: the most that one document may be for.${amountChecks('args.amount_total')}
      ],
      "deny_if": [
        // Absent or pesos: what is billed could not be added up over currencies.
        ${pesosOnly('args.currency')},
        { "conditions": [{ "path": "args.doc_type", "op": "eq", "value": 99 },
                         { "path": "args.doc_number", "op": "neq", "value": 0 }],
          "on_deny": "An unidentified consumer (doc_type 99) has doc_number 0." },
        { "conditions": [{ "path": "args.doc_type", "op": "eq", "value": 99 },
                         { "path": "args.amount_total", "op": "gte", "value": 10000000 }],
          "on_deny": "From this amount on the consumer must be identified." },${issuer.denies.replaceAll('ITEM', 'args')}
      ],
      "limits": [
        // The tool takes no invoice number, so that a retry is a new invoice: the same one twice in a day asks.
        { "counter": "invoice_duplicates", "window": "24h", "max": 1, "scope": "machine", "on_exceed": "approve",
          "per": ["env.AFIP_CUIT", "args.point_of_sale", "args.invoice_type", "args.doc_type", "args.doc_number", "args.amount_total"],
          "on_deny": "The same invoice was issued in the last 24 hours." },${invoiceLimits(issuer, '', '"args.amount_total"')},
      ],
    },
    "create_invoice_batch": {
      "action": "approve",
      "reason": "Issues several legal documents with one call.",
      "require": [
        { "conditions": [{ "path": "args.point_of_sale", ${issuer.points} }], "on_deny": "Not a point of sale that this policy allows." },
        { "conditions": [{ "path": "args.invoice_type", "op": "in", "value": ${list(issuer.invoiceTypes)} }], "on_deny": "Not a kind of invoice that this policy allows." },
        { "conditions": [{ "path": "args.invoices[*].concept", "op": "in", "value": [1, 2, 3] }], "on_deny": "The concept is 1, 2 or 3." },
        { "conditions": [{ "path": "args.invoices[*].doc_type", "op": "in", "value": [80, 86, 96, 99] }], "on_deny": "The doc_type is 80, 86, 96 or 99." },${amountChecks('args.invoices[*].amount_total')}
      ],
      "deny_if": [
        ${pesosOnly('args.invoices[*].currency')},${issuer.denies.replaceAll('ITEM', 'args.invoices[*]')}
      ],
      "limits": [${invoiceLimits(issuer, '"amount": { "count": "args.invoices" }, ', '{ "sum": "args.invoices[*].amount_total" }')},
      ],
    },
    "create_debit_note": {
      "action": "approve",
      "reason": "A debit note raises what the customer owes and counts as income.",
      ${note(issuer, 'debit')}
      "limits": [
        { "counter": "debit_notes_per_day", "window": "day", "align": "calendar", "max": 2, ${PER} },${invoiceLimits(issuer, '', '"args.amount_total"')},
      ],
    },
    "create_credit_note": {
      "action": "approve",
      "reason": "A credit note takes back an invoice and its taxes.",
      ${note(issuer, 'credit')}
      "limits": [
        { "counter": "credit_notes_per_day", "window": "day", "align": "calendar", "max": 5, ${PER} },
        // A second note on one invoice within 15 days, the time that there is for one, asks with that said.
        { "counter": "credit_note_duplicates", "window": 1296000, "max": 1, "scope": "machine", "on_exceed": "approve",
          "per": ["env.AFIP_CUIT", "args.related_invoice.point_of_sale", "args.related_invoice.invoice_type", "args.related_invoice.invoice_number"],
          "on_deny": "This invoice already has a credit note." },
      ],
    },

    // Looking up what was issued: needed before a retry, so with room to spare.
    "get_invoice": {
      ${document},
    },
    "get_cae_status": {
      ${document},
    },
    "get_last_invoice_number": {
      "require": [
        { "conditions": [{ "path": "args.invoice_type", "op": "gt", "value": 0 },
                         { "path": "args.point_of_sale", "op": "gt", "value": 0 }] },
      ],
      "rate_limit": "60/minute",
    },

    // The service and its tables of codes, which do not change within a day.
    "get_server_status": { "rate_limit": "30/minute" },
    "get_authorized_points_of_sale": { "rate_limit": "10/minute" },
    "get_invoice_total_x_request": { "rate_limit": "10/minute" },
    "list_invoice_types": { "rate_limit": "10/minute" },
    "list_concept_types": { "rate_limit": "10/minute" },
    "list_doc_types": { "rate_limit": "10/minute" },
    "list_iva_types": { "rate_limit": "10/minute" },
    "list_currency_types": { "rate_limit": "10/minute" },
    "list_tax_types": { "rate_limit": "10/minute" },
    "get_currency_rate": {
      "require": [{ "conditions": [{ "path": "args.currency", "op": "regex", "value": "^[A-Z0-9]{3}$" }] }],
      // The date may be absent; when it is there it has eight digits and nothing else.
      "deny_if": [{ "conditions": [{ "path": "args.date", "op": "regex", "value": "[^0-9]|^.{0,7}$|^.{9,}$" }] }],
      "rate_limit": "30/minute",
    },

    // Tax data of other people: limited together, against copying the register.
    "lookup_taxpayer": {
      ${taxpayer}
      "deny_if": [{ "conditions": [{ "path": "args.scope", "op": "not_in", "value": ["A5", "A13"] }] }],
      ${registerLimits},
    },
    "get_registration_certificate": {
      ${taxpayer}
      ${registerLimits},
    },
  },
}
`;

const ANY_POINT = '"op": "gt", "value": 0';
const POINT_ONE = '"op": "in", "value": [1]';

const ASK_ALWAYS = `"action": "approve",
      "reason": "Every invoice is a legal document: a person says yes to each.",`;

const ASK_FROM = `// EDIT: the total from which a person is asked. From 0 on: always. Raise it once you trust what you see in the log.
      "approve_if": [
        { "conditions": [{ "path": "args.amount_total", "op": "gte", "value": 0 }], "on_deny": "A person says yes to each invoice." },
      ],`;

const A_NEEDS_CUIT = `
        { "conditions": [{ "path": "args.invoice_type", "op": "eq", "value": 1 },
                         { "path": "ITEM.doc_type", "op": "neq", "value": 80 }],
          "on_deny": "An invoice A goes to a customer with CUIT (doc_type 80)." },`;

/** A policy for homologation, whoever issues: every kind of invoice, and a person says yes to each. */
const AFIP = text({
  preset: 'afip',
  about: '// For homologation (test) only, with every kind of invoice. Each one asks a person first.',
  points: ANY_POINT,
  invoiceTypes: [1, 6, 11],
  asks: ASK_ALWAYS,
  denies: A_NEEDS_CUIT,
  billed: '',
});

/** A policy for a monotributista: C alone, within a twelfth of the category's cap a month and the cap in any 365 days. */
const AFIP_MONOTRIBUTO = text({
  preset: 'afip-monotributo',
  about: `// For a monotributista: invoices and notes of kind C only, and never more than the cap of the category.
// The cap below is that of category A for February to July 2026; caps change every February and August.`,
  points: POINT_ONE,
  invoiceTypes: [11],
  asks: ASK_FROM,
  denies: `
        { "conditions": [{ "path": "ITEM.amount_iva", "op": "gt", "value": 0 }],
          "on_deny": "An invoice C carries no IVA." },`,
  billed: `
        // EDIT: the cap of your category: a twelfth of it in a month, all of it in any 365 days. Only what goes through
        // this wrapper is counted, and credit notes are not taken off.
        { "counter": "billed_per_month", "window": "month", "align": "calendar", "max": 856499,
          "amount": AMOUNT, ${PER} },
        { "counter": "billed_per_year", "window": 31536000, "max": 10277988, "amount": AMOUNT, ${PER},
          "on_deny": "More than the cap of the category." },`,
});

/** A policy for a responsable inscripto: A to customers with CUIT, B to all others. */
const AFIP_RESPONSABLE_INSCRIPTO = text({
  preset: 'afip-responsable-inscripto',
  about: '// For a responsable inscripto: A to customers with CUIT, B to everybody else.',
  points: POINT_ONE,
  invoiceTypes: [1, 6],
  asks: ASK_FROM,
  denies: A_NEEDS_CUIT,
  billed: `
        // EDIT: the most that is billed in a month.
        { "counter": "billed_per_month", "window": "month", "align": "calendar", "max": 20000000,
          "amount": AMOUNT, ${PER} },`,
});

export const AFIP_PRESETS: readonly [Preset, ...Preset[]] = [
  { name: 'afip', title: 'mcp-afip in homologation: reads, and invoices that a person approves', text: AFIP },
  {
    name: 'afip-monotributo',
    title: 'mcp-afip for a monotributista: kind C, within the cap of the category',
    text: AFIP_MONOTRIBUTO,
  },
  {
    name: 'afip-responsable-inscripto',
    title: 'mcp-afip for a responsable inscripto: kinds A and B',
    text: AFIP_RESPONSABLE_INSCRIPTO,
  },
];
