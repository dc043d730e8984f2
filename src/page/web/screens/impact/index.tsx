import { useMemo, useState } from 'preact/hooks';
import { printable } from '../../../../text/escape.js';
import type { Place } from '../../../api-types/shell.js';
import type { Impact } from '../../../api-types/trying.js';
import { Select } from '../../components/field.js';
import { Problem } from '../../components/pieces.js';
import { edit } from '../../draft.js';
import { numberText, t } from '../../i18n/index.js';
import { type Chosen, ChosenPolicy } from '../../policy/chosen.js';
import { numbersOf, withNumber } from '../../policy/numbers.js';
import { usePost } from '../../policy/post.js';
import { overview } from '../../state.js';
import { Changes } from './changes.js';
import { NumberRow } from './number-row.js';

/** The draft against the recorded calls, while a number is moved. */
export function ImpactScreen({ query }: { query: URLSearchParams }) {
  return (
    <ChosenPolicy query={query}>{(chosen) => <Moving key={chosen.policy.file} {...chosen} />}</ChosenPolicy>
  );
}

const DAY_MS = 86_400_000;
const PERIODS = { all: undefined, day: 1, week: 7, month: 30 } as const;

function Moving({ policy, draft: { file, text } }: Chosen) {
  const [server, setServer] = useState(policy.servers[0] ?? '');
  const [period, setPeriod] = useState<keyof typeof PERIODS>('all');
  const [place, setPlace] = useState<Place>();
  const team = overview.value?.team;
  const days = PERIODS[period];
  const since = useMemo(() => (days === undefined ? undefined : Date.now() - days * DAY_MS), [days]);
  const { data, error, isLoading } = usePost<Impact>(
    '/api/impact',
    server === '' ? undefined : { file, text, server, since, place },
  );
  const numbers = numbersOf(text);
  if (server === '') return <p class="muted">{t('impact.none')}</p>;
  return (
    <>
      <section class="card" aria-labelledby="the-whole">
        <h2 id="the-whole">{t('impact.whole')}</h2>
        <div class="fields">
          {policy.servers.length > 1 && (
            <Select
              label={t('try.server')}
              value={server}
              options={policy.servers.map((value) => ({ value, text: printable(value) }))}
              onChange={setServer}
            />
          )}
          <Select
            label={t('impact.since')}
            value={period}
            options={(Object.keys(PERIODS) as (keyof typeof PERIODS)[]).map((value) => ({
              value,
              text: t(`impact.since.${value}`),
            }))}
            onChange={setPeriod}
          />
          {team && (
            <Select
              label={t('team.impact.place')}
              value={place ?? data?.place ?? 'team'}
              options={[
                { value: 'team', text: t('team.title', { name: team.name }) },
                { value: 'here', text: t('team.here') },
              ]}
              onChange={(value) => setPlace(value)}
            />
          )}
        </div>
        {error && <Problem error={error} />}
        {data && <Summary impact={data} isLoading={isLoading} />}
      </section>
      <section class="card" aria-labelledby="the-numbers">
        <h2 id="the-numbers">{t('impact.numbers')}</h2>
        {numbers.length === 0 && <p class="muted">{t('impact.numbers.none')}</p>}
        {numbers.map((number) => (
          <NumberRow
            key={number.path.join('/')}
            number={number}
            impact={data}
            onMove={(value) => edit(withNumber(text, number, value))}
          />
        ))}
      </section>
      {data && <Changes impact={data} />}
    </>
  );
}

function Summary({ impact, isLoading }: { impact: Impact; isLoading: boolean }) {
  const { calls, passed, refused, asked, took, isCut } = impact;
  return (
    <div class="stack" aria-busy={isLoading}>
      <p class="result" data-took={Math.round(took)}>
        {t('impact.summary', {
          n: calls,
          passed: numberText(passed),
          refused: numberText(refused),
          asked: numberText(asked),
        })}{' '}
        <span class="muted">({t('impact.took', { ms: Math.round(took) })})</span>
      </p>
      <div class="parts" aria-hidden="true">
        <span class="passed" style={{ inlineSize: share(passed, calls) }} />
        <span class="asked" style={{ inlineSize: share(asked, calls) }} />
        <span class="refused" style={{ inlineSize: share(refused, calls) }} />
      </div>
      {isCut && <p class="hint">{t('impact.cut')}</p>}
    </div>
  );
}

const share = (part: number, whole: number): string => `${whole === 0 ? 0 : (100 * part) / whole}%`;
