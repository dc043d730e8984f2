import type { DecidingBy } from '../../../api-types/policy.js';
import { Badge, Problem } from '../../components/pieces.js';
import { Value } from '../../components/value.js';
import { t, timeText } from '../../i18n/index.js';
import { useResource } from '../../resource.js';
import { encoded } from '../../router.js';

/** Each wrapper that runs under the policy, and by which version it decides: its own word, from the state. */
export function Deciding({ file }: { file: string }) {
  const { data, error } = useResource<readonly DecidingBy[]>(`/api/policy/deciding?file=${encoded(file)}`, [
    'state',
    'policies',
  ]);
  return (
    <section class="card" aria-labelledby="the-wrappers" aria-live="polite">
      <h2 id="the-wrappers">{t('save.deciding')}</h2>
      {error && <Problem error={error} />}
      {data?.length === 0 && <p class="muted">{t('save.deciding.none')}</p>}
      <ul class="bare">
        {data?.map(({ server, pid, client, by, problem }) => (
          <li key={pid}>
            <Value of={t('save.deciding.who', { server, pid: String(pid) })} cap={200} />
            {client !== undefined && (
              <>
                {' '}
                (<Value of={client} cap={100} />)
              </>
            )}
            {': '}
            <Badge kind={by === 'current' ? 'allow' : 'warn'}>
              {by === 'current'
                ? t('save.deciding.current')
                : by === 'unknown'
                  ? t('save.deciding.unknown')
                  : t('save.deciding.old', { time: timeText(by) })}
            </Badge>
            {problem !== undefined && (
              <p class="error">
                <Value of={problem} cap={600} />
              </p>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
