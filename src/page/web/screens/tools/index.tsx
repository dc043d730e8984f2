import { useState } from 'preact/hooks';
import type { ServersHere } from '../../../api-types/tools.js';
import { Select, TextField } from '../../components/field.js';
import { HereAlone } from '../../components/here-alone.js';
import { Empty, Loading, Problem } from '../../components/pieces.js';
import { t } from '../../i18n/index.js';
import { DraftNotice } from '../../policy/draft-notice.js';
import { useResource } from '../../resource.js';
import { added, CLASSES, type Look, SORTS, sumOf } from './rows.js';
import { ServerTools } from './server-tools.js';
import { SumText } from './sum-text.js';

/** Everything that agents can call here: each server's tools, and what the policy does with them. */
export function Tools() {
  const { data, error, reload } = useResource<ServersHere>('/api/servers', ['state', 'policies', 'clients']);
  const [look, setLook] = useState<Look>({ text: '', toolClass: '', sort: 'risk' });
  if (!data) return error ? <Problem error={error} onAgain={reload} /> : <Loading />;
  const { servers } = data;
  if (servers.length === 0)
    return (
      <Empty title={t('tools.none')}>
        <p>{t('tools.none.how')}</p>
      </Empty>
    );
  return (
    <div class="stack">
      {error && <Problem error={error} onAgain={reload} />}
      <DraftNotice />
      <HereAlone what="team.here.tools" />
      <SumText sum={added(servers.map(({ tools }) => sumOf(tools)))} />
      <div class="look">
        <TextField
          label={t('tools.filter')}
          value={look.text}
          onInput={(text) => setLook((last) => ({ ...last, text }))}
        />
        <Select
          label={t('tools.class')}
          value={look.toolClass}
          options={[
            { value: '', text: t('tools.class.all') },
            ...CLASSES.map((name) => ({ value: name as string, text: name })),
          ]}
          onChange={(toolClass) => setLook((last) => ({ ...last, toolClass }))}
        />
        <Select
          label={t('tools.sort')}
          value={look.sort}
          options={SORTS.map((sort) => ({ value: sort, text: t(`tools.sort.${sort}`) }))}
          onChange={(sort) => setLook((last) => ({ ...last, sort }))}
        />
      </div>
      {servers.map((server) => (
        <ServerTools key={server.server} server={server} look={look} />
      ))}
    </div>
  );
}
