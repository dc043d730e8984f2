import type { Limit } from '../../policy/model.js';
import { corruptValue, type StoredAmount } from './stored-amount.js';

const REFUNDS = ['never', 'on_error', 'on_success'] as const;

/** A charge as the row of its decision records it: counter, UTC milliseconds, amount, index into REFUNDS. */
export type ChargeRecord = readonly [counter: number, at: number, amount: StoredAmount, refund: number];

export function chargeRecord(
  counter: number,
  at: number,
  amount: StoredAmount,
  refund: Limit['refund'],
): ChargeRecord {
  return [counter, at, amount, REFUNDS.indexOf(refund)];
}

/** The last character of a record's JSON before its bracket. */
export function refundMark(refund: Limit['refund']): string {
  return String(REFUNDS.indexOf(refund));
}

export function refundOf([, , , refund]: ChargeRecord): Limit['refund'] {
  return REFUNDS[refund] ?? 'never';
}

/** As JSON. An amount that is text is a number too: it needs no escapes. */
export function chargeRecordsText(charges: readonly ChargeRecord[]): string {
  const texts = charges.map(([counter, at, amount, refund]) => {
    const written = typeof amount === 'number' ? amount : `"${amount}"`;
    return `[${counter},${at},${written},${refund}]`;
  });
  return `[${texts.join(',')}]`;
}

/** @throws PolicyWrapError STATE_CORRUPT when the text is anything else */
export function parseChargeRecords(text: unknown): ChargeRecord[] {
  try {
    const all: unknown = JSON.parse(String(text));
    if (Array.isArray(all) && all.every(isChargeRecord)) return all;
  } catch {
    // Reported below.
  }
  throw corruptValue(text, 'charges');
}

function isChargeRecord(value: unknown): value is ChargeRecord {
  if (!Array.isArray(value) || value.length !== 4) return false;
  const [counter, at, amount, refund] = value as unknown[];
  const isAmount = typeof amount === 'number' || typeof amount === 'string';
  return (
    Number.isSafeInteger(counter) && Number.isSafeInteger(at) && isAmount && Number.isSafeInteger(refund)
  );
}
