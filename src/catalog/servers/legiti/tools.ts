import {
  anyObject,
  boolean,
  type KnownTool,
  listOf,
  number,
  object,
  oneOf,
  string,
} from '../../tool-definition.js';

const sale_id = string("The shop's id of the sale, unique and stable");
const account_id = string("The shop's id of the account");
const sale_datetime = number('When the sale was made, Unix seconds');
const sale_total_value = number('Value of the sale in BRL, such as 199.90');
const sale_items = listOf(
  'Lines of the sale: item_id, event_date_id, unit_price, quantity',
  anyObject('One line'),
);
const first_six_digits_cc = string('First six digits of the card; never the whole number');
const last_four_digits_cc = string('Last four digits of the card');
const holder_cpf = string("CPF of the card's holder, with or without dots and dash");
const event_id = string("The shop's id of the event");
const event_date_id = string('Id of the date of the event that the sale is for');
const ip = string('Address that the user came from');
const user_agent = string("User agent of the user's browser or app");
const timestamp = number('When it happened, Unix seconds');
const reason = string('Why, in free text');

const account = {
  account_email: string('E-mail address'),
  account_name: string('Name of the holder'),
  account_phone: string('Telephone number'),
  account_cpf: string('CPF of the holder'),
  account_address: anyObject('Address: street, number, city, state, zip_code, country'),
};

const seen = { ip, user_agent, timestamp };

/**
 * The 18 tools of `@codespar/mcp-legiti` 0.2.0-alpha.2: names, arguments, types and enumerations as the server lists
 * them, descriptions in our words. It sets no annotations, so neither do we.
 */
export const LEGITI_TOOLS: readonly KnownTool[] = [
  {
    name: 'evaluate_order',
    description: 'Send an order for scoring and receive approve, reject or manual; can take 20 seconds',
    inputSchema: object({
      'sale_id!': sale_id,
      'account_id!': account_id,
      'sale_datetime!': sale_datetime,
      'sale_total_value!': sale_total_value,
      'first_six_digits_cc!': first_six_digits_cc,
      'last_four_digits_cc!': last_four_digits_cc,
      'holder_cpf!': holder_cpf,
      event_date_id,
      sale_items,
      billing_address: anyObject('Billing address'),
      shipping_address: anyObject('Shipping address'),
      ip,
      request_evaluation: boolean('Whether to answer with a decision; true when absent'),
    }),
  },
  {
    name: 'update_order',
    description: 'Report that an order changed its status; feeds the scoring model',
    inputSchema: object({
      'sale_id!': sale_id,
      'status!': string('New status: paid, shipped, delivered, cancelled or refunded'),
      status_datetime: number('When the status changed, Unix seconds'),
      reason,
    }),
  },
  {
    name: 'mark_order_fraudulent',
    description: 'Report a chargeback that the card issuer has confirmed',
    inputSchema: object({
      'sale_id!': sale_id,
      chargeback_datetime: number('When it was confirmed, Unix seconds'),
      chargeback_reason: string("The issuer's reason"),
      amount: number('Amount in BRL; that of the sale when absent'),
    }),
  },
  {
    name: 'evaluate_sale',
    description: 'Send a sale for scoring the older way',
    inputSchema: object({
      'sale_id!': sale_id,
      'account_id!': account_id,
      'sale_datetime!': sale_datetime,
      'event_date_id!': event_date_id,
      'sale_total_value!': sale_total_value,
      'first_six_digits_cc!': first_six_digits_cc,
      'last_four_digits_cc!': last_four_digits_cc,
      'holder_cpf!': holder_cpf,
    }),
  },
  {
    name: 'track_account',
    description: 'Report that an account was created, updated or deleted',
    inputSchema: object({
      'action!': oneOf('What happened to the account', 'create', 'update', 'delete'),
      'account_id!': account_id,
      ...account,
      timestamp,
    }),
  },
  {
    name: 'track_event',
    description: 'Report that an event (concert, match, show) was created, updated or deleted',
    inputSchema: object({
      'action!': oneOf('What happened to the event', 'create', 'update', 'delete'),
      'event_id!': event_id,
      event_name: string('Name of the event'),
      event_category: string('Category, such as concert or theater'),
      event_dates: listOf('Its dates: event_date_id, datetime, venue, capacity', anyObject('One date')),
      timestamp,
    }),
  },
  {
    name: 'track_sale',
    description: 'Report that a sale was created or updated, without asking for a decision',
    inputSchema: object({
      'action!': oneOf('What happened to the sale', 'create', 'update'),
      'sale_id!': sale_id,
      'account_id!': account_id,
      sale_datetime,
      sale_total_value,
      sale_items,
      payment: anyObject('method, first_six_digits_cc, last_four_digits_cc, installments, holder_cpf'),
      timestamp,
    }),
  },
  {
    name: 'track_auth',
    description: 'Report a login, a logout or a password recovery or reset',
    inputSchema: object({
      'action!': oneOf('What happened', 'login', 'logout', 'password_recovery', 'password_reset'),
      'account_id!': account_id,
      success: boolean('Whether the login or reset succeeded'),
      ...seen,
    }),
  },
  {
    name: 'track_login',
    description: 'Report a login attempt',
    inputSchema: object({
      'account_id!': account_id,
      success: boolean('Whether it succeeded; true when absent'),
      ...seen,
    }),
  },
  {
    name: 'track_logout',
    description: 'Report that a user logged out',
    inputSchema: object({ 'account_id!': account_id, ...seen }),
  },
  {
    name: 'track_signup',
    description: 'Report that an account was created',
    inputSchema: object({ 'account_id!': account_id, ...account, ...seen }),
  },
  {
    name: 'track_account_update',
    description: 'Report that the data of an account changed',
    inputSchema: object({ 'account_id!': account_id, ...account, timestamp }),
  },
  {
    name: 'track_password_recovery',
    description: 'Report that a user asked to recover a password',
    inputSchema: object({ 'account_id!': account_id, ...seen }),
  },
  {
    name: 'track_event_view',
    description: 'Report that a user looked at the page of an event',
    inputSchema: object({
      account_id,
      'event_id!': event_id,
      event_date_id,
      ip,
      user_agent,
      referrer: string('Page that the user came from'),
      timestamp,
    }),
  },
  {
    name: 'track_payment',
    description: 'Report that a payment was authorized, captured, refunded or voided; moves no money',
    inputSchema: object({
      'action!': oneOf('What happened to the payment', 'authorize', 'capture', 'refund', 'void'),
      'sale_id!': sale_id,
      payment_id: string("The shop's id of the payment"),
      method: string('credit, debit, boleto or pix'),
      first_six_digits_cc,
      last_four_digits_cc,
      installments: number('Number of installments'),
      amount: number('Amount in BRL'),
      status: string('approved, declined or pending'),
      decline_reason: string('Why it was declined'),
      timestamp,
    }),
  },
  {
    name: 'get_decision',
    description: 'Latest decision and score of an order',
    inputSchema: object({ 'sale_id!': sale_id }),
  },
  {
    name: 'update_decision_status',
    description: 'Override the decision on an order: release it or turn it down',
    inputSchema: object({
      'sale_id!': sale_id,
      'status!': oneOf('accept releases the order, decline turns it down', 'accept', 'decline'),
      analyst_id: string('Who decided'),
      reason,
      timestamp,
    }),
  },
  {
    name: 'mark_dispute_resolution',
    description: 'Report how a dispute over a chargeback ended',
    inputSchema: object({
      'sale_id!': sale_id,
      'resolution!': oneOf('How it ended for the shop', 'won', 'lost'),
      resolution_datetime: number('When it ended, Unix seconds'),
      resolution_reason: string("The acquirer's notes"),
    }),
  },
];
