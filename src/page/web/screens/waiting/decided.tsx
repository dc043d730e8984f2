import type { Budget, DecidedCall } from '../../../api-types/waiting.js';
import { inPassing, useAction } from '../../action.js';
import { api } from '../../api.js';
import { Button } from '../../components/button.js';
import { FromWhom } from '../../components/from.js';
import { Badge, type BadgeKind, Table } from '../../components/pieces.js';
import { toast } from '../../components/toast.js';
import { Value } from '../../components/value.js';
import { spanText, t, timeText } from '../../i18n/index.js';
import { overview } from '../../state.js';

interface TakeBackProps {
  readonly id: string;
  readonly said: string;
  readonly label: string;
  readonly onChanged: () => void;
}

/** Takes back an approval that was not used, or what was granted in advance: both only ever stop something. */
function TakeBack({ id, said, label, onChanged }: TakeBackProps) {
  const { isBusy, run } = useAction(inPassing);
  const press = () =>
    run(async () => {
      const { notes } = await api.post<{ notes: string }>('/api/waiting/reject', { id });
      toast(`${said} ${notes}`.trim());
      onChanged();
    });
  return (
    <Button busy={isBusy} onClick={() => void press()}>
      {label}
    </Button>
  );
}

interface BudgetsProps {
  readonly budgets: readonly Budget[];
  readonly now: number;
  readonly onChanged: () => void;
}

/** What was granted in advance and can still be used. */
export function Budgets({ budgets, now, onChanged }: BudgetsProps) {
  const open = budgets.filter(({ expiresAt }) => expiresAt > now);
  if (open.length === 0) return null;
  return (
    <section class="card">
      <h2>{t('budget.title')}</h2>
      <ul class="plain-list">
        {open.map(({ id, callsLeft, tool, server, bound, expiresAt, canRevoke }) => (
          <li key={id} class="row spread">
            <span>
              {t('budget.left', { n: callsLeft, tool, server })},{' '}
              {bound ? t('budget.bound', bound) : t('budget.any')}. {t('waiting.expires')}{' '}
              {t('waiting.expires.in', { time: spanText(expiresAt - now) })}.
            </span>
            {canRevoke ? (
              <TakeBack id={id} said={t('budget.revoked')} label={t('budget.revoke')} onChanged={onChanged} />
            ) : (
              <span class="hint">{t('team.no_revoke', { team: overview.value?.team?.name ?? '' })}</span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

const BADGES: Readonly<Record<DecidedCall['state'], BadgeKind>> = {
  approved: 'allow',
  consumed: 'allow',
  rejected: 'deny',
  expired: 'hide',
};

interface LatelyProps {
  readonly calls: readonly DecidedCall[];
  readonly now: number;
  readonly onChanged: () => void;
}

/** What was decided in the last day. */
export function Lately({ calls, now, onChanged }: LatelyProps) {
  return (
    <section class="stack tight">
      <h2>{t('lately.title')}</h2>
      {calls.length === 0 ? (
        <p class="muted">{t('lately.none')}</p>
      ) : (
        <Table label={t('lately.title')} heads={[t('lately.call'), t('lately.state'), t('lately.when')]}>
          {calls.map((call) => (
            <Row key={call.id} call={call} now={now} onChanged={onChanged} />
          ))}
        </Table>
      )}
    </section>
  );
}

function Row({ call, now, onChanged }: { call: DecidedCall; now: number; onChanged: () => void }) {
  const { tool, server, state, decidedBy, note, id } = call;
  return (
    <tr>
      <th scope="row">
        <Value of={tool} cap={200} />
        <div class="hint">
          <Value of={server} cap={200} />
          {call.from && ' · '}
          {call.from && <FromWhom from={call.from} />}
        </div>
      </th>
      <td>
        <div class="row">
          <Badge kind={BADGES[state]}>{t(`lately.${state}`)}</Badge>
          {(decidedBy === 'cli' || decidedBy === 'page' || decidedBy === 'client') && (
            <span>{t(`lately.by.${decidedBy}`)}</span>
          )}
          {call.decidedWho !== undefined && <span>{t('team.by', { who: call.decidedWho })}</span>}
          {state === 'approved' && call.canTakeBack && call.expiresAt > now && (
            <TakeBack
              id={id}
              said={t('lately.taken_back')}
              label={t('lately.take_back')}
              onChanged={onChanged}
            />
          )}
        </div>
        {note !== undefined && (
          <div class="hint">
            <Value of={note} cap={500} />
          </div>
        )}
      </td>
      <td>{timeText(call.decidedAt ?? call.askedAt, now)}</td>
    </tr>
  );
}
