import type { Impact } from '../../../api-types/trying.js';
import { Badge, type BadgeKind, Table } from '../../components/pieces.js';
import { ToldText } from '../../components/told.js';
import { Value } from '../../components/value.js';
import { numberText, t, timeText } from '../../i18n/index.js';

const KINDS: Readonly<Record<Impact['changes'][number]['change'], BadgeKind>> = {
  'newly refused': 'deny',
  'newly allowed': 'allow',
  'newly asked': 'ask',
};

/** What would have come out otherwise, by tool and rule, and what nobody can tell. */
export function Changes({ impact: { changes, notJudged } }: { impact: Impact }) {
  return (
    <section class="card" aria-labelledby="the-changes">
      <h2 id="the-changes">{t('impact.changes')}</h2>
      {changes.length === 0 && <p class="muted">{t('impact.changes.none')}</p>}
      {changes.length > 0 && (
        <Table
          label={t('policy.table', { what: t('impact.changes') })}
          class="calls"
          heads={[
            t('impact.calls'),
            t('try.tool'),
            t('impact.change'),
            t('impact.rule'),
            t('impact.examples'),
          ]}
        >
          {changes.map(({ change, tool, rule, code, calls, examples }) => (
            <tr key={`${change} ${tool} ${rule} ${code}`}>
              <td class="number">{numberText(calls)}</td>
              <td>
                <Value of={tool} cap={100} />
              </td>
              <td>
                <Badge kind={KINDS[change]}>{t(`impact.${change}`)}</Badge> <code>{code}</code>
              </td>
              <td>
                <Value as="code" of={rule} cap={200} />
              </td>
              <td>
                <ul class="bare">
                  {examples.map(({ auditId, at, args }) => (
                    <li key={auditId}>
                      {timeText(at)} #{auditId}{' '}
                      {args !== undefined && <Value as="code" of={args} cap={120} />}
                    </li>
                  ))}
                </ul>
              </td>
            </tr>
          ))}
        </Table>
      )}
      {notJudged.length > 0 && (
        <>
          <h3>{t('impact.unknown')}</h3>
          <ul class="notes">
            {notJudged.map(({ why, calls }) => (
              <li key={why.text}>
                {t('impact.unknown.row', { n: calls })} <ToldText of={why} cap={400} />
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
