import { useState } from 'preact/hooks';
import type { Counter, Emptied, EmptyBody } from '../../../api-types/live.js';
import { api, errorOf } from '../../api.js';
import { Dialog } from '../../components/dialog.js';
import { Problem } from '../../components/pieces.js';
import { SteadyButton } from '../../components/steady-button.js';
import { toast } from '../../components/toast.js';
import { Value } from '../../components/value.js';
import { t } from '../../i18n/index.js';
import { versions } from '../../state.js';

/** Asks whether a counter is to be emptied: which one it is, with its count, and what comes of it. */
export function EmptyCounter({ counter, onClose }: { counter: Counter; onClose: () => void }) {
  const { id, name, shown, server, grant, split, used, max } = counter;
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const press = async (): Promise<void> => {
    setBusy(true);
    setFailure(undefined);
    try {
      const body = { id, name, shown } satisfies EmptyBody;
      const held = await api.post<Emptied>('/api/counters/empty', body);
      toast(t('live.emptied', { used: held.used, max: held.max }));
      onClose();
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
      versions.state.value += 1;
    }
  };
  const facts = [
    ...(server === undefined ? [] : [[t('live.empty.server'), server] as const]),
    ...(grant === undefined ? [] : [[t('live.empty.grant'), grant] as const]),
    ...(split === '' ? [] : [[t('live.empty.split'), split] as const]),
  ];
  return (
    <Dialog title={t('live.empty.title')} onClose={onClose}>
      <p>
        <strong>
          <Value of={name} cap={200} />
        </strong>
      </p>
      <ul class="bare">
        {facts.map(([word, value]) => (
          <li key={word}>
            {word}: <Value of={value} cap={200} />
          </li>
        ))}
      </ul>
      <p>{t('live.empty.what', { used, max })}</p>
      {failure !== undefined && <Problem error={errorOf(failure)} />}
      <SteadyButton kind="danger" busy={busy} what={shown} onClick={() => void press()}>
        {t('live.empty.do')}
      </SteadyButton>
    </Dialog>
  );
}
