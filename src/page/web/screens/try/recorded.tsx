import type { RecordedCall } from '../../../api-types/trying.js';
import { Button } from '../../components/button.js';
import { FromWhom } from '../../components/from.js';
import { Badge, Problem, Scroll } from '../../components/pieces.js';
import { Value } from '../../components/value.js';
import { t, timeText } from '../../i18n/index.js';
import { useResource } from '../../resource.js';
import { encoded } from '../../router.js';

/** The newest calls of the log, each to be tried on the draft. */
export function Recorded({ server, onUse }: { server: string; onUse: (call: RecordedCall) => void }) {
  const { data, error } = useResource<readonly RecordedCall[]>(`/api/recorded?server=${encoded(server)}`, [
    'state',
  ]);
  return (
    <section class="card" aria-labelledby="the-log">
      <h2 id="the-log">{t('try.recorded')}</h2>
      {error && <Problem error={error} />}
      {data?.length === 0 && <p class="muted">{t('try.recorded.none')}</p>}
      {data && data.length > 0 && (
        <Scroll label={t('policy.table', { what: t('try.recorded') })}>
          <table class="table calls">
            <tbody>
              {data.map((call) => (
                <tr key={`${call.from === undefined} ${call.auditId}`}>
                  <td>{timeText(call.at)}</td>
                  <td>
                    <Value of={call.tool} cap={100} />
                    {call.from && (
                      <div class="hint">
                        <FromWhom from={call.from} />
                      </div>
                    )}
                  </td>
                  <td>
                    <Badge kind={KINDS[call.decision]}>{t(`try.${call.decision}`)}</Badge>
                  </td>
                  <td>
                    {call.names.length === 0 ? (
                      <span class="muted">{t('try.recorded.no_arguments')}</span>
                    ) : call.args === undefined ? (
                      <span class="muted">{t('try.recorded.names', { names: call.names.join(', ') })}</span>
                    ) : (
                      <Value as="code" of={call.args} cap={200} />
                    )}
                  </td>
                  <td>
                    <Button label={`${t('try.recorded.use')} #${call.auditId}`} onClick={() => onUse(call)}>
                      {t('try.recorded.use')}
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  );
}

const KINDS = { allow: 'allow', deny: 'deny', hide: 'hide', ask: 'ask' } as const;
