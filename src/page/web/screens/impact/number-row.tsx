import { useId, useRef } from 'preact/hooks';
import { printable } from '../../../../text/escape.js';
import type { Impact } from '../../../api-types/trying.js';
import { numberText, t } from '../../i18n/index.js';
import { type MovableNumber, rangeOf } from '../../policy/numbers.js';

interface NumberRowProps {
  readonly number: MovableNumber;
  readonly impact: Impact | undefined;
  readonly onMove: (value: number) => void;
}

/** A number of the draft with its slider, and what it alone would have done. */
export function NumberRow({ number, impact, onMove }: NumberRowProps) {
  const id = useId();
  // The range stays while the number moves: else the slider would run away under the hand.
  const range = useRef(rangeOf(number));
  if (number.value > range.current.max) range.current = rangeOf(number);
  const { value, of, tool, rule, kind } = number;
  const stopped = rule === undefined ? 0 : (impact?.stoppedBy[rule] ?? 0);
  const said = { of: printable(of, 100), value: numberText(value), stopped: numberText(stopped) };
  const what = { tool: tool ?? t('impact.all_tools'), of };
  const name = kind === 'condition' ? t('impact.number.condition', what) : t('impact.number', what);
  const move = (text: string) => {
    const moved = Number(text);
    if (text.trim() !== '' && Number.isFinite(moved) && moved >= 0) onMove(moved);
  };
  return (
    <div class="number-row">
      <label for={id}>{name}</label>
      <div class="row">
        <input
          id={id}
          type="range"
          min={0}
          max={range.current.max}
          step={range.current.step}
          value={value}
          aria-valuetext={numberText(value)}
          onInput={({ currentTarget }) => move(currentTarget.value)}
        />
        <input
          class="exact"
          type="text"
          inputMode="decimal"
          aria-label={name}
          value={String(value)}
          onInput={({ currentTarget }) => move(currentTarget.value)}
        />
      </div>
      {impact && (
        <p role="status">
          {kind === 'condition'
            ? t('impact.sentence.condition', { ...said, n: impact.calls })
            : t('impact.sentence', { ...said, n: impact.calls })}
        </p>
      )}
    </div>
  );
}
