import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  chargeRecord,
  chargeRecordsText,
  parseChargeRecords,
} from '../../../src/store/counters/charge-record.js';
import { plus, type StoredAmount, toDecimal, toStored } from '../../../src/store/counters/stored-amount.js';

const amount: fc.Arbitrary<StoredAmount> = fc.oneof(
  fc.maxSafeNat(),
  fc
    .constantFrom('0.1', '12345678901234567890', '0.000001', '1e50', '1.5e-45')
    .map((text) => toStored(toDecimal(text))),
  fc.tuple(fc.maxSafeNat(), fc.constantFrom('0.25', '1e30')).map(([a, b]) => plus(a, b)),
);
const record = fc
  .tuple(fc.nat(), fc.maxSafeNat(), amount, fc.constantFrom('never', 'on_error', 'on_success'))
  .map((parts) => chargeRecord(...(parts as Parameters<typeof chargeRecord>)));

test('charges are written as JSON, and read as they were', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 4 }), (records) => {
      const text = chargeRecordsText(records);
      expect(text).toBe(JSON.stringify(records));
      expect(parseChargeRecords(text)).toEqual(records);
    }),
  );
});
