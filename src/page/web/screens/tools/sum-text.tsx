import { t } from '../../i18n/index.js';
import type { Sum } from './rows.js';

/** `20 tools, 3 visible, 4,100 → 600 tokens`. */
export function SumText({ sum: { tools, visible, all, seen } }: { sum: Sum }) {
  return <p class="sum">{t('tools.sum', { n: tools, visible, all, seen })}</p>;
}
