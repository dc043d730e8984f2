import { isRecord } from '../../json/value.js';
/** What a simulated tool says: `data` to show, or why it could not be done. */
export type Answer = { readonly data: Readonly<Record<string, unknown>> } | { readonly failed: string };

type Arguments = Readonly<Record<string, unknown>>;
type Tool = (args: Arguments, books: Books) => Readonly<Record<string, unknown>>;

/** What has been "issued" since the process began, so that what was created can be looked up. */
class Books {
  readonly #last = new Map<string, number>();
  readonly #documents = new Map<string, Arguments>();

  issue(kind: unknown, pointOfSale: unknown, document: Arguments): Readonly<Record<string, unknown>> {
    const number = this.last(kind, pointOfSale) + 1;
    this.#last.set(key(kind, pointOfSale), number);
    this.#documents.set(key(kind, pointOfSale, number), document);
    // All zeros: no CAE of the authority looks like that, so nobody can take it for one.
    return { result: 'A', invoice_number: number, cae: '00000000000000', cae_due: '00000000' };
  }

  last(kind: unknown, pointOfSale: unknown): number {
    return this.#last.get(key(kind, pointOfSale)) ?? 0;
  }

  find({ invoice_type, point_of_sale, invoice_number }: Arguments): Arguments | undefined {
    return this.#documents.get(key(invoice_type, point_of_sale, invoice_number));
  }
}

const key = (...parts: unknown[]): string => JSON.stringify(parts);

const codes = (...pairs: [number | string, string][]): Tool => {
  const items = pairs.map(([id, description]) => ({ id, description }));
  return () => ({ items });
};

const issueNote: Tool = (args, books) => books.issue(args.note_type, args.point_of_sale, args);

const decide: Tool = ({ sale_id }) => ({
  sale_id,
  decision: 'manual',
  score: 0.5,
  reason_codes: ['SIMULATED'],
});

const received: Tool = () => ({ status: 'received' });

/** One row for each tool that does more than say that it received something. */
const TOOLS = new Map<string, Tool>([
  ['create_invoice', (args, books) => books.issue(args.invoice_type, args.point_of_sale, args)],
  [
    'create_invoice_batch',
    ({ invoice_type, point_of_sale, invoices }, books) => ({
      invoices: (Array.isArray(invoices) ? invoices : []).map((invoice: unknown) =>
        books.issue(invoice_type, point_of_sale, isRecord(invoice) ? invoice : {}),
      ),
    }),
  ],
  ['create_credit_note', issueNote],
  ['create_debit_note', issueNote],
  ['cancel_invoice', (args, books) => ({ found: books.find(args) !== undefined, cancelled: false })],
  ['get_invoice', (args, books) => ({ invoice: books.find(args) ?? null })],
  ['get_cae_status', (args, books) => ({ status: books.find(args) ? 'authorized' : 'not_found' })],
  [
    'get_last_invoice_number',
    ({ invoice_type, point_of_sale }, books) => ({ invoice_number: books.last(invoice_type, point_of_sale) }),
  ],
  ['get_authorized_points_of_sale', () => ({ points_of_sale: [{ number: 1, blocked: false }] })],
  ['get_server_status', () => ({ app_server: 'OK', db_server: 'OK', auth_server: 'OK' })],
  ['get_invoice_total_x_request', () => ({ records: 250 })],
  ['list_invoice_types', codes([1, 'Factura A'], [6, 'Factura B'], [11, 'Factura C'])],
  ['list_concept_types', codes([1, 'Productos'], [2, 'Servicios'], [3, 'Productos y servicios'])],
  ['list_doc_types', codes([80, 'CUIT'], [86, 'CUIL'], [96, 'DNI'], [99, 'Consumidor final'])],
  ['list_iva_types', codes([3, '0%'], [4, '10.5%'], [5, '21%'], [6, '27%'])],
  ['list_currency_types', codes(['PES', 'Pesos argentinos'], ['DOL', 'Dólar estadounidense'])],
  ['list_tax_types', codes([1, 'Impuestos nacionales'], [2, 'Impuestos provinciales'])],
  ['get_currency_rate', ({ currency }) => ({ currency, rate: currency === 'PES' ? 1 : 1000 })],
  ['lookup_taxpayer', ({ cuit, scope = 'A5' }) => ({ cuit, scope, name: 'EJEMPLO SA', status: 'ACTIVO' })],
  ['get_registration_certificate', ({ cuit }) => ({ cuit, name: 'EJEMPLO SA', registered: true })],
  ['evaluate_order', decide],
  ['evaluate_sale', decide],
  ['get_decision', decide],
]);

/**
 * @returns a function that answers calls of any known tool from memory alone. It fails a call that leaves out a
 *   required argument, as a real service does, so that failures can be shown and tested too.
 */
export function simulatedTools(): (tool: string, args: Arguments, required: readonly string[]) => Answer {
  const books = new Books();
  return (tool, args, required) => {
    const missing = required.filter((name) => !Object.hasOwn(args, name));
    if (missing.length > 0) return { failed: `missing argument: ${missing.join(', ')}` };
    return { data: (TOOLS.get(tool) ?? received)(args, books) };
  };
}
