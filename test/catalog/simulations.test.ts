import { expect, test } from 'vitest';
import { simulateAfip } from '../../src/catalog/servers/afip/simulation.js';

const INVOICE = { invoice_type: 6, point_of_sale: 3, amount_total: 121 };

test("mcp-afip's stand-in finds what it issued, each kind and point of sale counted for itself", () => {
  const afip = simulateAfip();
  const call = (name: string, args: Record<string, unknown>) => afip[name]?.(args);
  const last = (kind: number, pointOfSale: number) =>
    call('get_last_invoice_number', { invoice_type: kind, point_of_sale: pointOfSale });
  const first = { invoice_type: 6, point_of_sale: 3, invoice_number: 1 };
  expect(last(6, 3)).toEqual({ invoice_number: 0 });
  expect(call('get_cae_status', first)).toEqual({ status: 'not_found' });
  expect(call('get_invoice', first)).toEqual({ invoice: null });
  expect(call('cancel_invoice', first)).toEqual({ found: false, cancelled: false });

  expect(call('create_invoice', INVOICE)).toMatchObject({ result: 'A', invoice_number: 1 });
  expect(call('create_invoice', INVOICE)).toMatchObject({ invoice_number: 2 });
  expect(call('create_invoice', { ...INVOICE, point_of_sale: 4 })).toMatchObject({ invoice_number: 1 });
  expect(last(6, 3)).toEqual({ invoice_number: 2 });
  expect(last(1, 3)).toEqual({ invoice_number: 0 });
  expect(call('get_cae_status', first)).toEqual({ status: 'authorized' });
  expect(call('get_invoice', first)).toEqual({ invoice: INVOICE });
  expect(call('cancel_invoice', first)).toEqual({ found: true, cancelled: false });

  const batch = { invoice_type: 1, point_of_sale: 3, invoices: [{ amount_total: 5 }, 'no object'] };
  expect(call('create_invoice_batch', batch)).toMatchObject({
    invoices: [{ invoice_number: 1 }, { invoice_number: 2 }],
  });
  expect(call('create_invoice_batch', { ...batch, invoices: 7 })).toEqual({ invoices: [] });
  expect(call('get_invoice', { ...first, invoice_type: 1 })).toEqual({ invoice: { amount_total: 5 } });
  expect(call('create_credit_note', { note_type: 8, point_of_sale: 3 })).toMatchObject({ invoice_number: 1 });
});

test('no CAE of the simulation could be taken for a real one', () => {
  expect(simulateAfip().create_invoice?.(INVOICE)).toMatchObject({
    cae: '00000000000000',
    cae_due: '00000000',
  });
});
