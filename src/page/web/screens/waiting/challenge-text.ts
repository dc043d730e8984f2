import type { WaitingCall } from '../../../api-types/waiting.js';
import { t } from '../../i18n/index.js';

/** What must be typed, in the person's language. */
export function challengeText(about: NonNullable<WaitingCall['challenge']>): string {
  switch (about.kind) {
    case 'tool':
      return t('approve.tool');
    case 'tail':
      return t('approve.tail', { n: about.length, name: about.name });
    case 'value':
      return about.of === undefined
        ? t('approve.value', { name: about.name })
        : t('approve.value.of', { name: about.name, of: about.of });
  }
}
