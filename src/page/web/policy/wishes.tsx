import { useState } from 'preact/hooks';
import type { Wish } from '../../../policy/edit/edit-entry.js';
import { WINDOW_WORDS } from '../../../policy/limits/window.js';
import { Button } from '../components/button.js';
import { t } from '../i18n/index.js';

interface WishesProps {
  readonly label: string;
  readonly isDisabled?: boolean;
  readonly onWish: (wish: Wish) => void;
}

/** The five things that can be done with a tool: one press each. */
export function Wishes({ label, isDisabled = false, onWish }: WishesProps) {
  const [max, setMax] = useState('30');
  const [window, setWindow] = useState<string>('minute');
  const isRate = /^\d{1,15}$/.test(max);
  return (
    <fieldset class="row wishes" aria-label={label}>
      <Button disabled={isDisabled} onClick={() => onWish({ kind: 'allow' })}>
        {t('tools.set.allow')}
      </Button>
      <Button disabled={isDisabled} onClick={() => onWish({ kind: 'ask' })}>
        {t('tools.set.ask')}
      </Button>
      <Button disabled={isDisabled} onClick={() => onWish({ kind: 'deny' })}>
        {t('tools.set.deny')}
      </Button>
      <Button disabled={isDisabled} onClick={() => onWish({ kind: 'hide' })}>
        {t('tools.set.hide')}
      </Button>
      <span class="rate">
        <Button
          disabled={isDisabled || !isRate}
          onClick={() => onWish({ kind: 'limit', rate: `${max}/${window}` })}
        >
          {t('tools.set.limit')}
        </Button>
        <input
          type="text"
          class="typed"
          inputMode="numeric"
          autocomplete="off"
          aria-label={t('tools.rate')}
          aria-invalid={!isRate || undefined}
          style={{ inlineSize: '6ch' }}
          value={max}
          onInput={({ currentTarget }) => setMax(currentTarget.value.trim())}
        />
        <select
          class="choice-of"
          aria-label={t('tools.window')}
          value={window}
          onChange={({ currentTarget }) => setWindow(currentTarget.value)}
        >
          {WINDOW_WORDS.map((word) => (
            <option key={word} value={word}>
              {t(`word.window.${word}`)}
            </option>
          ))}
        </select>
      </span>
    </fieldset>
  );
}
