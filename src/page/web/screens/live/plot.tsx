import type { Hour, HoursAnswer } from '../../../api-types/live.js';
import { Table } from '../../components/pieces.js';
import { hourText, numberText, t } from '../../i18n/index.js';
import { barsOf, HEIGHT, WIDTH } from './bars.js';

/** The last day by hours: what passed, what asked a person, and what was refused, one above the other. */
export function Plot({ answer: { now, hours } }: { answer: HoursAnswer }) {
  const { bars, top } = barsOf(hours, now);
  const sum = (of: (hour: Hour) => number) => hours.reduce((total, hour) => total + of(hour), 0);
  const told = t('live.hours.sum', {
    allowed: sum(({ allowed }) => allowed),
    asked: sum(({ asked }) => asked),
    refused: sum(({ refused }) => refused),
  });
  return (
    <section class="card">
      <h2>{t('live.hours')}</h2>
      <p>{told}</p>
      <svg class="plot" viewBox={`0 0 ${WIDTH} ${HEIGHT + 24}`} role="img" aria-label={told}>
        <text x="0" y="10" class="plot-label">
          {numberText(top)}
        </text>
        <line x1="0" x2={WIDTH} y1={HEIGHT} y2={HEIGHT} class="plot-line" />
        {bars.map(({ at, x, width, parts, isLabelled }) => (
          <g key={at}>
            {parts.map(({ kind, y, height }) => (
              <rect key={kind} class={`plot-${kind}`} x={x} y={y} width={width} height={height} />
            ))}
            {isLabelled && (
              <text x={x + width} y={HEIGHT + 18} text-anchor="end" class="plot-label">
                {hourText(at)}
              </text>
            )}
          </g>
        ))}
      </svg>
      <ul class="legend">
        {(['allowed', 'asked', 'refused'] as const).map((kind) => (
          <li key={kind}>
            <span class={`swatch ${kind}`} aria-hidden="true" /> {t(`live.${kind}`)}
          </li>
        ))}
      </ul>
      <details>
        <summary>{t('live.hours.table')}</summary>
        <Table
          label={t('live.hours')}
          heads={[t('live.hour'), t('live.allowed'), t('live.asked'), t('live.refused')]}
        >
          {hours.map((hour) => (
            <tr key={hour.at}>
              <th scope="row">{hourText(hour.at)}</th>
              <td>{numberText(hour.allowed)}</td>
              <td>{numberText(hour.asked)}</td>
              <td>{numberText(hour.refused)}</td>
            </tr>
          ))}
        </Table>
      </details>
    </section>
  );
}
