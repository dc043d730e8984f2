import { useState } from 'preact/hooks';
import { Button } from '../../components/button.js';
import { t } from '../../i18n/index.js';

/** Asks for leave to notify, when the person wants that: browsers take the question from a press alone. */
export function Notifications() {
  const [permission, setPermission] = useState(globalThis.Notification?.permission);
  if (permission === undefined) return null;
  if (permission === 'granted') return <p class="hint">{t('waiting.notify.on')}</p>;
  if (permission === 'denied') return <p class="hint">{t('waiting.notify.blocked')}</p>;
  return (
    <div class="row">
      <Button onClick={() => void Notification.requestPermission().then(setPermission)}>
        {t('waiting.notify')}
      </Button>
      <span class="hint">{t('waiting.notify.how')}</span>
    </div>
  );
}
