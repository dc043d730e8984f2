import { useState } from 'preact/hooks';
import type { Overview } from '../../api-types/shell.js';
import { api, errorOf } from '../api.js';
import { Button } from '../components/button.js';
import { toast } from '../components/toast.js';
import { t, timeText } from '../i18n/index.js';
import { overview } from '../state.js';

/** The emergency brake, in sight on every screen: it takes one press, and says what is stopped. */
export function Brake() {
  const [busy, setBusy] = useState(false);
  const pauses = overview.value?.pauses ?? [];
  const set = async (path: string, said: string): Promise<void> => {
    setBusy(true);
    try {
      overview.value = await api.post<Overview>(path, {});
      toast(said);
    } catch (error) {
      toast(errorOf(error).message, 'bad');
    } finally {
      setBusy(false);
    }
  };
  const [pause] = pauses;
  return (
    <section class="brake" aria-label={t('pause.do')}>
      {pause && (
        <p class="paused">
          <strong>
            {pause.server === undefined ? t('pause.on') : t('pause.on_server', { server: pause.server })}
          </strong>{' '}
          {t('pause.since', { time: timeText(pause.since) })}
        </p>
      )}
      {pause && (
        <Button busy={busy} onClick={() => void set('/api/resume', t('pause.lifted'))}>
          {t('pause.undo')}
        </Button>
      )}
      {!pauses.some(({ server }) => server === undefined) && (
        <Button kind="danger" busy={busy} onClick={() => void set('/api/pause', t('pause.done'))}>
          {t('pause.do')}
        </Button>
      )}
    </section>
  );
}
