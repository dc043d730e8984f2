import type { LiveServer } from '../../../api-types/live.js';
import type { Overview, Place } from '../../../api-types/shell.js';
import { inPassing, useAction } from '../../action.js';
import { api } from '../../api.js';
import { Button } from '../../components/button.js';
import { FromWhom } from '../../components/from.js';
import { SteadyButton } from '../../components/steady-button.js';
import { Value } from '../../components/value.js';
import { t, timeText } from '../../i18n/index.js';
import { overview } from '../../state.js';
import { mayIn } from '../../team.js';

interface ServersProps {
  readonly servers: readonly LiveServer[];
  readonly now: number;
  readonly onChanged: () => void;
}

/** The servers that were wrapped, each with a brake of its own. */
export function Servers({ servers, now, onChanged }: ServersProps) {
  if (servers.length === 0) return null;
  return (
    <section class="card">
      <h2>{t('live.servers')}</h2>
      <ul class="plain-list">
        {servers.map((each) => (
          <li key={each.server} class="row spread">
            <span>
              <Value as="strong" of={each.server} cap={200} />{' '}
              <span class="muted">
                {t('live.running', { n: each.running })}
                {each.clients.length > 0 && ': '}
                {each.clients.length > 0 && <Value of={each.clients.join(', ')} cap={200} />}
              </span>
              {each.hosts.map((from) => (
                <span key={`${from.who} ${from.host}`} class="muted">
                  {' · '}
                  <FromWhom from={from} />
                </span>
              ))}
              {each.pausedSince !== undefined && (
                <span class="error"> {t('live.paused', { time: timeText(each.pausedSince, now) })}</span>
              )}
              {each.policyProblem !== undefined && (
                <span class="error"> {t('live.problem', { why: each.policyProblem.slice(0, 500) })}</span>
              )}
            </span>
            <ServerBrake
              server={each.server}
              place={each.place}
              isPaused={each.pausedSince !== undefined}
              onChanged={onChanged}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface ServerBrakeProps {
  readonly server: string;
  readonly place: Place;
  readonly isPaused: boolean;
  readonly onChanged: () => void;
}

function ServerBrake({ server, place, isPaused, onChanged }: ServerBrakeProps) {
  const { isBusy, run } = useAction(inPassing);
  const press = () =>
    run(async () => {
      const body = { server, place };
      overview.value = await api.post<Overview>(isPaused ? '/api/resume' : '/api/pause', body);
      onChanged();
    });
  if (isPaused && !mayIn(place, 'approver', 'owner'))
    return <span class="hint">{t('team.no_resume', { team: overview.value?.team?.name ?? '' })}</span>;
  const [Pressed, kind, text] = isPaused
    ? ([SteadyButton, 'plain', t('live.resume', { server })] as const)
    : ([Button, 'danger', t('live.pause', { server })] as const);
  return (
    <Pressed kind={kind} busy={isBusy} onClick={() => void press()}>
      {text}
    </Pressed>
  );
}
