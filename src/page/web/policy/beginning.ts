import type { Beginning } from '../../api-types/policy.js';
import { t } from '../i18n/index.js';

/** What a file that is not there yet begins with. */
export function beginningText({ preset }: Beginning): string {
  return preset === undefined ? t('policy.from.nothing') : t('policy.from.preset', { preset });
}
