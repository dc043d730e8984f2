import { effect } from '@preact/signals';
import { t } from '../i18n/index.js';
import { go } from '../router.js';
import { WAITING } from '../screens.js';
import { overview } from '../state.js';

/** Tells the person that more waits than before, where they have allowed it and look elsewhere. */
export function notifyOfWaiting(): void {
  let before = overview.peek()?.waiting ?? 0;
  effect(() => {
    const waiting = overview.value?.waiting ?? before;
    const isMore = waiting > before;
    before = waiting;
    if (!isMore || !document.hidden || globalThis.Notification?.permission !== 'granted') return;
    // What waits is not named: notifications stay in lists that others see.
    const shown = new Notification(t('notify.title', { n: waiting }), {
      tag: 'policy-wrap',
      icon: '/assets/icon.svg',
    });
    shown.onclick = () => {
      focus();
      go(WAITING);
      shown.close();
    };
  });
}
