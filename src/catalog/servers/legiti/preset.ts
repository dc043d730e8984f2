import type { Preset } from '../../known-server.js';

const CARD = `{ "conditions": [{ "path": "args.first_six_digits_cc", "op": "regex", "value": "^[0-9]{6}$" },
                         { "path": "args.last_four_digits_cc", "op": "regex", "value": "^[0-9]{4}$" }],
          "on_deny": "Six and four digits of the card, never its whole number." },
        { "conditions": [{ "path": "args.holder_cpf", "op": "regex", "value": "^[0-9]{3}[.]?[0-9]{3}[.]?[0-9]{3}-?[0-9]{2}$" }] },
        { "conditions": [{ "path": "args.sale_total_value", "op": "gt", "value": 0 }] },`;

const SCORING = `// EDIT: the value in BRL from which a person is asked.
      "approve_if": [
        { "conditions": [{ "path": "args.sale_total_value", "op": "gte", "value": 10000 }], "on_deny": "A sale of 10,000 BRL or more." },
      ],
      "limits": [
        { "counter": "scored_once", "window": "24h", "max": 1, "per": "args.sale_id",
          "on_deny": "This sale was scored in the last 24 hours: read it with get_decision." },
        { "counter": "scored_per_hour", "window": "hour", "max": 60 },
        { "counter": "scored_per_day", "window": "day", "align": "calendar", "max": 500 },
      ]`;

/** A policy for whoever looks after orders in a chat: reading and scoring; what brands a buyer or releases an order asks. */
const LEGITI = `// legiti: a policy for mcp-legiti, fraud scoring of online orders.
//
// Every call with a production key trains the scoring model, so that what an agent makes up harms real buyers. The
// reports of logins, sign-ups and sales are work for your back end: most of them are hidden here.
// All amounts are examples in BRL.
//
// EDIT marks what is yours to decide. To do so: policy-wrap presets legiti > my.json
// and then: policy-wrap --policy my.json -- mcp-legiti
{
  "version": "1",
  "default": "deny",
  "timezone": "America/Sao_Paulo",
  // A tool whose definition changed is shown as it was, and a new one not at all, until you trust it.
  "pin": "hold",
  // mcp-legiti asks nothing of the client: what does is not what this was written for.
  "server_requests": {},

  // Take a name out of this list to use the limits written for it below.
  "hide": [
    "evaluate_sale",
    "track_account", "track_account_update", "track_signup",
    "track_auth", "track_login", "track_password_recovery",
    "track_event", "track_event_view",
    "track_payment", "track_sale",
  ],

  // How a person is asked: in the client where it can, else "policy-wrap approvals" on this machine.
  "approvals": { "wait": "45s", "expires": "10m", "channels": ["client", "queue"] },

  "all_tools": {
    "deny_if": [
      // The server cannot tell a sandbox key from a production key, so say which it is: set LEGITI_ENV to "sandbox" or
      // "production" beside LEGITI_API_KEY. The server does not read it. EDIT: for production remove this check.
      { "conditions": [{ "path": "env.LEGITI_ENV", "op": "not_in", "value": ["sandbox", ""] }],
        "on_deny": "LEGITI_ENV is not sandbox, and this is a shipped policy with example values. To take responsibility for production: policy-wrap presets legiti > my.json, put in your own values, remove this check, and start with: policy-wrap --policy my.json -- mcp-legiti" },
    ],
    "limits": [{ "counter": "all_calls", "window": "minute", "max": 120 }],
  },

  "tools": {
    "get_decision": {
      "require": [{ "conditions": [{ "path": "args.sale_id", "op": "regex", "value": "[^ ]" }] }],
      "rate_limit": "60/minute",
    },

    // Scoring is billed by the call. Both tools share their counters: one sale is not scored twice.
    "evaluate_order": {
      "require": [
        ${CARD}
      ],
      ${SCORING},
    },
    "evaluate_sale": {
      "require": [
        ${CARD}
      ],
      ${SCORING},
    },

    "update_order": {
      "require": [
        { "conditions": [{ "path": "args.status", "op": "in", "value": ["paid", "shipped", "delivered", "cancelled", "refunded"] }] },
      ],
      "approve_if": [
        { "conditions": [{ "path": "args.status", "op": "in", "value": ["cancelled", "refunded"] }], "on_deny": "Reports that an order was cancelled or refunded." },
      ],
      "limits": [{ "counter": "update_order_rate", "window": "hour", "max": 60 }],
    },

    // What brands a buyer or releases a blocked order: a person says yes, and once for each sale.
    "mark_order_fraudulent": {
      "action": "approve",
      "reason": "Brands the buyer as a fraud, for chargebacks that the card issuer has confirmed.",
      "require": [
        { "conditions": [{ "path": "args.chargeback_datetime", "op": "gt", "value": 0 },
                         { "path": "args.chargeback_reason", "op": "regex", "value": "[^ ]" }],
          "on_deny": "A chargeback has a date and the issuer's reason." },
        // EDIT: the largest chargeback.
        { "conditions": [{ "path": "args.amount", "op": "gt", "value": 0 },
                         { "path": "args.amount", "op": "lte", "value": 5000 }],
          "on_deny": "Give the amount of the chargeback, at most 5,000 BRL." },
      ],
      "limits": [
        { "counter": "fraud_marks_per_day", "window": "day", "align": "calendar", "max": 5 },
        // 400 days, the longest window that there is.
        { "counter": "fraud_marked_once", "window": 34560000, "max": 1, "per": "args.sale_id" },
      ],
    },
    "mark_dispute_resolution": {
      "action": "approve",
      "reason": "Reports to the scoring model how a dispute ended.",
      "require": [
        { "conditions": [{ "path": "args.resolution", "op": "in", "value": ["won", "lost"] },
                         { "path": "args.resolution_datetime", "op": "gt", "value": 0 }],
          "on_deny": "A dispute ended won or lost, and at some time." },
      ],
      "limits": [{ "counter": "disputes_per_day", "window": "day", "align": "calendar", "max": 5 }],
    },
    "update_decision_status": {
      "action": "approve",
      "reason": "Overrides the decision on an order, and is kept as the judgement of a person.",
      "require": [
        { "conditions": [{ "path": "args.status", "op": "in", "value": ["accept", "decline"] }], "on_deny": "The status is accept or decline." },
        // EDIT: better a list of your analysts: { "path": "args.analyst_id", "op": "in", "value": ["ana", "rui"] }
        { "conditions": [{ "path": "args.analyst_id", "op": "regex", "value": "[^ ]" }], "on_deny": "Say who decided: analyst_id." },
      ],
      "limits": [
        { "counter": "overrides_per_day", "window": "day", "align": "calendar", "max": 10 },
        { "counter": "overridden_once", "window": 34560000, "max": 1, "per": "args.sale_id" },
      ],
    },

    "track_logout": {
      "limits": [{ "counter": "track_logout_rate", "window": "minute", "max": 30, "scope": "grant" }],
    },

    // Hidden above.
    "track_account": {
      "deny_if": [{ "conditions": [{ "path": "args.action", "op": "eq", "value": "delete" }], "on_deny": "Deletes an account for the scoring model." }],
      "rate_limit": "30/minute",
    },
    "track_event": {
      "deny_if": [{ "conditions": [{ "path": "args.action", "op": "eq", "value": "delete" }], "on_deny": "Deletes an event for the scoring model." }],
      "rate_limit": "30/minute",
    },
    "track_payment": {
      "approve_if": [{ "conditions": [{ "path": "args.action", "op": "in", "value": ["refund", "void"] }], "on_deny": "Reports a refund or a void." }],
      "rate_limit": { "max": 60, "window": "hour" },
    },
    "track_sale": { "rate_limit": { "max": 60, "window": "hour" } },
    "track_account_update": { "rate_limit": "30/minute" },
    "track_signup": { "rate_limit": "30/minute" },
    "track_auth": { "rate_limit": "30/minute" },
    "track_login": { "rate_limit": "30/minute" },
    "track_password_recovery": { "rate_limit": "30/minute" },
    "track_event_view": { "rate_limit": "30/minute" },
  },
}
`;

export const LEGITI_PRESETS: readonly [Preset, ...Preset[]] = [
  {
    name: 'legiti',
    title: 'mcp-legiti: reading and scoring, overrides that a person approves',
    text: LEGITI,
  },
];
