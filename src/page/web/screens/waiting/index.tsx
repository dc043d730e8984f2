import type { WaitingAnswer } from '../../../api-types/waiting.js';
import { Empty, Loading, Problem } from '../../components/pieces.js';
import { t } from '../../i18n/index.js';
import { useNow } from '../../now.js';
import { useResource } from '../../resource.js';
import { Budgets, Lately } from './decided.js';
import { Notifications } from './notifications.js';
import { WaitingCard } from './waiting-card.js';

/** What waits for a person, and what was decided lately. */
export function Waiting() {
  const { data, error, reload } = useResource<WaitingAnswer>('/api/waiting', ['state']);
  const now = useNow(data?.now);
  if (!data) return error ? <Problem error={error} onAgain={reload} /> : <Loading />;
  const open = data.waiting.filter(({ expiresAt }) => expiresAt > now);
  return (
    <div class="stack">
      {error && <Problem error={error} onAgain={reload} />}
      {open.length === 0 && (
        <Empty title={t('waiting.none')}>
          <p>{t('waiting.none.how')}</p>
        </Empty>
      )}
      {open.map((call) => (
        <WaitingCard key={call.id} call={call} now={now} onDecided={reload} />
      ))}
      <Notifications />
      <Budgets budgets={data.budgets} now={now} onChanged={reload} />
      <Lately calls={data.lately} now={now} onChanged={reload} />
    </div>
  );
}
