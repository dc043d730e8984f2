import { useState } from 'preact/hooks';
import type { HoursAnswer, LiveAnswer } from '../../../api-types/live.js';
import { Check, Select } from '../../components/field.js';
import { Empty, Loading, Problem } from '../../components/pieces.js';
import { t } from '../../i18n/index.js';
import { useNow } from '../../now.js';
import { useResource } from '../../resource.js';
import { Counters } from './counters.js';
import { Decisions } from './decisions.js';
import { Plot } from './plot.js';
import { Servers } from './servers.js';

/** What happens now: decisions as they are made, limits as they fill, and the day by hours. */
export function Live() {
  const [server, setServer] = useState('');
  const [denied, setDenied] = useState(false);
  const query = new URLSearchParams({ ...(server && { server }), ...(denied && { denied: '1' }) });
  const { data, error, reload } = useResource<LiveAnswer>(`/api/live?${query}`, ['state']);
  const ofServer = server === '' ? '' : `?${new URLSearchParams({ server })}`;
  const hours = useResource<HoursAnswer>(`/api/hours${ofServer}`, ['state']);
  const now = useNow(data?.now);
  if (!data) return error ? <Problem error={error} onAgain={reload} /> : <Loading />;
  const names = [
    ...new Set([...data.servers.map((each) => each.server), ...(server === '' ? [] : [server])]),
  ];
  return (
    <div class="stack">
      {error && <Problem error={error} onAgain={reload} />}
      <div class="row filters">
        <Select
          label={t('live.server')}
          value={server}
          options={[
            { value: '', text: t('live.server.all') },
            ...names.map((name) => ({ value: name, text: name })),
          ]}
          onChange={setServer}
        />
        <Check label={t('live.denied')} checked={denied} onChange={setDenied} />
      </div>
      <div class="live">
        <div class="stack">
          <Servers servers={data.servers} now={now} onChanged={reload} />
          <Counters counters={data.counters} total={data.countersTotal} now={now} />
        </div>
        {hours.data && <Plot answer={hours.data} />}
      </div>
      {data.decisions.length === 0 && !denied && server === '' ? (
        <Empty title={t('live.none')}>
          <p>{t('live.none.how')}</p>
        </Empty>
      ) : (
        <Decisions decisions={data.decisions} now={now} />
      )}
    </div>
  );
}
