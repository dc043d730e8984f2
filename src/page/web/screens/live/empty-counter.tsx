import type { Counter, Emptied, EmptyBody } from '../../../api-types/live.js';
import { useAction } from '../../action.js';
import { api } from '../../api.js';
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
  const { isBusy, error, run } = useAction();
  const press = async (): Promise<void> => {
    await run(async () => {
      const body = { id, name, shown } satisfies EmptyBody;
      const held = await api.post<Emptied>('/api/counters/empty', body);
      toast(t('live.emptied', { used: held.used, max: held.max }));
      onClose();
    });
    versions.state.value += 1;
  };
  const facts = [
    ...(server === undefined ? [] : [[t('live.empty.server'), server] as const]),
    ...(grant === undefined ? [] : [[t('live.empty.grant'), grant] as const]),
    ...(split === '' ? [] : [[t('live.empty.split'), split] as const]),
  ];
  return (
    <Dialog title={t('live.empty.title')} onClose={onClose}>
      <p>
        <Value as="strong" of={name} cap={200} />
      </p>
      <ul class="bare">
        {facts.map(([word, value]) => (
          <li key={word}>
            {word}: <Value of={value} cap={200} />
          </li>
        ))}
      </ul>
      <p>{t('live.empty.what', { used, max })}</p>
      {error && <Problem error={error} />}
      <SteadyButton kind="danger" busy={isBusy} what={shown} onClick={() => void press()}>
        {t('live.empty.do')}
      </SteadyButton>
    </Dialog>
  );
}
