import type { ToolHere } from '../../../api-types/tools.js';
import { HereAlone } from '../../components/here-alone.js';
import { Loading, Problem } from '../../components/pieces.js';
import { Value } from '../../components/value.js';
import { t } from '../../i18n/index.js';
import { ChosenPolicy } from '../../policy/chosen.js';
import { useResource } from '../../resource.js';
import { href } from '../../router.js';
import { About } from './about.js';
import { Change } from './change.js';
import { Rules } from './rules.js';

/** One tool: its rules as sentences with the policy's text beside them, and why it needs some. */
export function Tool({ params: { server = '', tool = '' } }: { params: Readonly<Record<string, string>> }) {
  const query = new URLSearchParams({ server, tool });
  const { data, error, reload } = useResource<ToolHere>(`/api/tool?${query}`, [
    'state',
    'policies',
    'clients',
  ]);
  if (!data) return error ? <Problem error={error} onAgain={reload} /> : <Loading />;
  return (
    <div class="stack">
      <p>
        <a href={href('/tools')}>{t('tool.back')}</a>
      </p>
      <div class="row">
        <h2>
          <Value of={data.tool} cap={200} />
        </h2>
        <span class="muted">
          <Value of={data.server} cap={80} />
        </span>
      </div>
      <HereAlone what="team.here.tool" />
      {error && <Problem error={error} onAgain={reload} />}
      {data.change && <Change server={data.server} tool={data.tool} change={data.change} />}
      {data.policy.kind === 'unclear' ? (
        <section class="card">
          <h3>{t('tool.unclear')}</h3>
          <p class="problem">
            <Value of={data.policy.message} cap={600} />{' '}
            {data.policy.hint !== undefined && <Value of={data.policy.hint} cap={600} />}
          </p>
          <About tool={data} />
        </section>
      ) : (
        <ChosenPolicy query={new URLSearchParams({ policy: data.policy.file })} isFixed>
          {(chosen) => <Rules key={`${data.server} ${data.tool}`} tool={data} chosen={chosen} />}
        </ChosenPolicy>
      )}
    </div>
  );
}
