import { Fragment } from 'preact';
import type { Overview, Pause, Place } from '../../api-types/shell.js';
import { inPassing, useAction } from '../action.js';
import { api } from '../api.js';
import { Button } from '../components/button.js';
import { SteadyButton } from '../components/steady-button.js';
import { toast } from '../components/toast.js';
import { t, timeText } from '../i18n/index.js';
import { overview } from '../state.js';
import { mayIn } from '../team.js';

/**
 * The emergency brake, in sight on every screen: it takes one press, and says what is stopped. In a team there are two,
 * since one stops the others' machines and the other one servers that are not in the team too.
 */
export function Brake() {
  const { isBusy, run } = useAction(inPassing);
  const pauses = overview.value?.pauses ?? [];
  const hasTeam = overview.value?.team !== undefined;
  const set = (path: string, place: Place, said: string) =>
    run(async () => {
      overview.value = await api.post<Overview>(path, { place });
      toast(said);
    });
  const places: readonly Place[] = hasTeam ? ['team', 'here'] : ['here'];
  return (
    <section class="brake" aria-label={t('pause.do')}>
      {places.map((place) => {
        const own = pauses.filter((each) => each.place === place);
        const [pause] = own;
        return (
          <Fragment key={place}>
            {pause && <Paused pauses={own} />}
            {pause && mayIn(place, 'approver', 'owner') && (
              <SteadyButton
                what={JSON.stringify(own)}
                busy={isBusy}
                onClick={() => void set('/api/resume', place, t('pause.lifted'))}
              >
                {t(RESUME[hasTeam ? place : 'all'])}
              </SteadyButton>
            )}
            {!own.some(({ server }) => server === undefined) &&
              mayIn(place, 'wrapper', 'approver', 'owner') && (
                <Button
                  kind="danger"
                  busy={isBusy}
                  onClick={() =>
                    void set('/api/pause', place, t(place === 'team' ? 'team.pause.done' : 'pause.done'))
                  }
                >
                  {t(PAUSE[hasTeam ? place : 'all'])}
                </Button>
              )}
          </Fragment>
        );
      })}
    </section>
  );
}

const RESUME = { all: 'pause.undo', team: 'team.resume', here: 'team.resume.here' } as const;
const PAUSE = { all: 'pause.do', team: 'team.pause', here: 'team.pause.here' } as const;

/** @param pauses of one place, at least one. One press lifts them all, so each of them is named */
function Paused({ pauses }: { pauses: readonly Pause[] }) {
  const all = pauses.find(({ server }) => server === undefined);
  const { since, place, who } = all ?? (pauses[0] as Pause);
  const servers = pauses.flatMap(({ server }) => server ?? []).join(', ');
  const what = all
    ? t(place === 'team' ? 'team.paused' : 'pause.on')
    : t(place === 'team' ? 'team.paused.server' : 'pause.on_server', { server: servers });
  return (
    <p class="paused">
      <strong>{what}</strong> {t('pause.since', { time: timeText(since) })}
      {all && servers !== '' && ` ${t('pause.also', { server: servers })}`}
      {who !== undefined && ` ${t('team.by', { who })}`}
      {!mayIn(place, 'approver', 'owner') && (
        <> · {t('team.no_resume', { team: overview.value?.team?.name ?? '' })}</>
      )}
    </p>
  );
}
