import { useState } from 'preact/hooks';
import { printable } from '../../../../text/escape.js';
import type { Counter } from '../../../api-types/live.js';
import { Button } from '../../components/button.js';
import { Badge } from '../../components/pieces.js';
import { Value } from '../../components/value.js';
import { spanText, t, timeText } from '../../i18n/index.js';
import { EmptyCounter } from './empty-counter.js';

interface CountersProps {
  readonly counters: readonly Counter[];
  readonly total: number;
  readonly now: number;
}

/** Counters as bars, the fullest first, with the instant at which they have room again. */
export function Counters({ counters, total, now }: CountersProps) {
  const [emptied, setEmptied] = useState<string>();
  // Beside the list, whose bars change places as they fill: a dialog that is moved in the page closes.
  const asked = counters.find(({ shown }) => shown === emptied);
  const [shared] = counters.flatMap(({ team }) => team ?? []);
  return (
    <section class="card">
      <h2>{t('live.counters')}</h2>
      {counters.length === 0 && <p class="muted">{t('live.counters.none')}</p>}
      {total > counters.length && (
        <p class="hint">{t('live.counters.more', { shown: counters.length, total })}</p>
      )}
      <ul class="plain-list">
        {counters.map((counter) => (
          <Bar
            key={`${counter.team} ${counter.name} ${counter.server} ${counter.id}`}
            counter={counter}
            now={now}
            onEmpty={() => setEmptied(counter.shown)}
          />
        ))}
      </ul>
      {shared !== undefined && <p class="hint">{t('team.no_empty', { team: shared })}</p>}
      {asked && <EmptyCounter counter={asked} onClose={() => setEmptied(undefined)} />}
    </section>
  );
}

function Bar({ counter, now, onEmpty }: { counter: Counter; now: number; onEmpty: () => void }) {
  const { name, server, split, used, max, share, freesAt, observe } = counter;
  const isFull = freesAt !== undefined && freesAt > now;
  const told = t('live.used', { used, max });
  return (
    <li class="counter">
      <div class="row spread">
        <span>
          <Value as="strong" of={name} cap={200} />{' '}
          <span class="muted">
            {server !== undefined && <Value of={server} cap={200} />}
            {split !== '' && ' '}
            {split !== '' && <Value of={split} cap={100} />}
          </span>{' '}
          {counter.team !== undefined && <Badge kind="info">{t('team.title', { name: counter.team })}</Badge>}{' '}
          {observe && <Badge kind="info">{t('live.observing')}</Badge>}
        </span>
        <span class="used">
          {told} {windowText(counter)}
        </span>
      </div>
      <meter
        class={isFull ? 'full' : ''}
        min={0}
        max={1}
        value={share}
        aria-label={printable(name, 200)}
        aria-valuetext={told}
      />
      <div class="row spread">
        <p class={isFull ? 'error' : 'hint'}>
          {isFull
            ? t('live.full', { time: timeText(freesAt, now), span: spanText(freesAt - now) })
            : t('live.room')}
        </p>
        {used !== '0' && counter.team === undefined && (
          <Button kind="link" label={t('live.empty.it', { name: name.slice(0, 200) })} onClick={onEmpty}>
            {t('live.empty')}
          </Button>
        )}
      </div>
    </li>
  );
}

function windowText({ calendar, windowMs }: Counter): string {
  switch (calendar) {
    case 'minute':
    case 'hour':
    case 'day':
    case 'week':
    case 'month':
      return t(`live.calendar.${calendar}`);
    default:
      return t('live.window', { time: spanText(windowMs) });
  }
}
