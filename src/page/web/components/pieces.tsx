import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api.js';
import { errorText, language, t } from '../i18n/index.js';
import { Button } from './button.js';
import { EnglishText } from './told.js';

/** What a screen shows while there is nothing to show, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Loading() {
  return (
    <p class="loading" role="status">
      {t('common.loading')}…
    </p>
  );
}

/** What went wrong, and what to do about it, in the words of the commands. */
export function Problem({ error, onAgain }: { error: ApiError; onAgain?: (() => void) | undefined }) {
  return (
    <div class="problem" role="alert">
      <p>
        {language.value !== 'en' && `${errorText(error.code)}. `}
        <EnglishText of={error.message} lines />
      </p>
      {error.hint !== undefined && (
        <p class="hint">
          <EnglishText of={error.hint} lines />
        </p>
      )}
      {onAgain && <Button onClick={onAgain}>{t('common.again')}</Button>}
    </div>
  );
}

export type BadgeKind = 'allow' | 'deny' | 'ask' | 'hide' | 'limit' | 'info' | 'warn';

/** A word with a colour; the word alone says it. */
export function Badge({ kind, children }: { kind: BadgeKind; children: ComponentChildren }) {
  return <span class={`badge ${kind}`}>{children}</span>;
}

/** Around what may be wider than the window: it scrolls by itself, with the keyboard too. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it the keyboard could not scroll
    <section class="scroll" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}

interface TableProps {
  readonly label: string;
  readonly class?: string;
  readonly heads: readonly string[];
  readonly children: ComponentChildren;
}

/** A table in a {@link Scroll}, with a head over each column. */
export function Table({ label, class: kind = '', heads, children }: TableProps) {
  return (
    <Scroll label={label}>
      <table class={`table ${kind}`.trimEnd()}>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </Scroll>
  );
}
