import {
  type ArgumentSchema,
  type KnownTool,
  listOf,
  number,
  object,
  string,
} from '../../tool-definition.js';

const point_of_sale = number('Number of the point of sale');
const invoice_type = number('Code of the kind of document: 1 = A, 6 = B, 11 = C');
const invoice_number = number('Number of the document');
const concept = number('What is billed: 1 = products, 2 = services, 3 = both');
const doc_type = number(
  "Code of the customer's document: 80 = CUIT, 86 = CUIL, 96 = DNI, 99 = unidentified consumer",
);
const doc_number = number("Number of the customer's document");
const amount_total = number('Total, taxes included');
const amount_net = number('Taxable amount without taxes');
const amount_iva = number('IVA');
const currency = string('Currency code: PES = Argentine peso, DOL = US dollar');
const cuit = string('CUIT or CUIL, 11 digits');

/** What every document that is issued says of its customer and its amounts. */
const billed = {
  'concept!': concept,
  'doc_type!': doc_type,
  'doc_number!': doc_number,
  'amount_total!': amount_total,
  amount_net,
  amount_iva,
  currency,
};

const thisDocument = {
  'point_of_sale!': point_of_sale,
  'invoice_type!': invoice_type,
  'invoice_number!': invoice_number,
};
const oneDocument = object(thisDocument);

/** Arguments of a note that corrects an invoice: the two kinds differ in the codes alone. */
const note = (codes: string): ArgumentSchema & { readonly type: 'object' } =>
  object({
    'point_of_sale!': point_of_sale,
    'note_type!': number(codes),
    ...billed,
    'related_invoice!': object(thisDocument, 'The invoice that this note corrects'),
  });

const nothing = object({});

/**
 * The 20 tools of `@codespar/mcp-afip` 0.2.0-alpha.2: names, arguments and types as the server lists them,
 * descriptions in our words. It sets no annotations, so neither do we.
 */
export const AFIP_TOOLS: readonly KnownTool[] = [
  {
    name: 'create_invoice',
    description: 'Issue one electronic invoice and obtain its CAE',
    inputSchema: object({
      'point_of_sale!': point_of_sale,
      'invoice_type!': invoice_type,
      ...billed,
      items: listOf(
        'Lines of the invoice',
        object({
          'description!': string('What was sold'),
          'quantity!': number('How many'),
          'unit_price!': number('Price of one'),
          iva_rate: number('IVA rate in per cent: 21, 10.5, 27 or 0'),
        }),
      ),
    }),
  },
  { name: 'get_invoice', description: 'Look up an issued document', inputSchema: oneDocument },
  {
    name: 'get_last_invoice_number',
    description: 'Number of the last document authorized for a point of sale and a kind of document',
    inputSchema: object({ 'point_of_sale!': point_of_sale, 'invoice_type!': invoice_type }),
  },
  { name: 'get_cae_status', description: 'Whether a document has its CAE', inputSchema: oneDocument },
  { name: 'list_invoice_types', description: 'Codes of the kinds of document', inputSchema: nothing },
  { name: 'list_tax_types', description: 'Codes of the taxes', inputSchema: nothing },
  { name: 'get_server_status', description: "Whether AFIP's invoicing service is up", inputSchema: nothing },
  {
    name: 'get_authorized_points_of_sale',
    description: 'Points of sale that this CUIT may invoice from',
    inputSchema: nothing,
  },
  {
    name: 'create_invoice_batch',
    description: 'Issue up to 250 electronic invoices with one request',
    inputSchema: object({
      'point_of_sale!': point_of_sale,
      'invoice_type!': invoice_type,
      'invoices!': listOf(
        'The invoices, 250 at most',
        object({
          ...billed,
          'invoice_number!': invoice_number,
        }),
      ),
    }),
  },
  {
    name: 'create_credit_note',
    description: 'Issue a credit note that takes back an invoice in whole or in part',
    inputSchema: note('Code of the credit note: 3 = A, 8 = B, 13 = C'),
  },
  {
    name: 'create_debit_note',
    description: 'Issue a debit note that adds to an invoice',
    inputSchema: note('Code of the debit note: 2 = A, 7 = B, 12 = C'),
  },
  {
    name: 'cancel_invoice',
    description: 'Cancel or void an authorized invoice',
    inputSchema: object({ ...thisDocument, reason: string('Why') }),
  },
  {
    name: 'get_invoice_total_x_request',
    description: 'How many invoices one request may hold',
    inputSchema: nothing,
  },
  { name: 'list_concept_types', description: 'Codes of what can be billed', inputSchema: nothing },
  { name: 'list_doc_types', description: "Codes of customers' documents", inputSchema: nothing },
  { name: 'list_iva_types', description: 'IVA rates and their codes', inputSchema: nothing },
  { name: 'list_currency_types', description: 'Codes of the currencies', inputSchema: nothing },
  {
    name: 'get_currency_rate',
    description: 'Exchange rate of a currency against the peso',
    inputSchema: object({
      'currency!': string('Currency code, such as DOL'),
      date: string('Day as YYYYMMDD; the last business day when absent'),
    }),
  },
  {
    name: 'lookup_taxpayer',
    description: "A taxpayer's name, address and fiscal status by CUIT",
    inputSchema: object({
      'cuit!': cuit,
      scope: string('Register to ask: A4, A5 (when absent) or A13'),
    }),
  },
  {
    name: 'get_registration_certificate',
    description: "A taxpayer's certificate of registration by CUIT",
    inputSchema: object({ 'cuit!': cuit }),
  },
];
