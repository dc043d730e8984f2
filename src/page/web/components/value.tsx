import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import { printable, printableLines } from '../../../text/escape.js';
import { t } from '../i18n/index.js';

/** What is shown of a text, and how. */
export interface Shown {
  readonly of: string;
  /** Longest text in characters before the rest is hidden behind a button. */
  readonly cap?: number;
  /** Line feeds stay. */
  readonly lines?: boolean;
  /** The element around it. */
  readonly as?: 'code' | 'strong' | typeof Fragment;
}

/**
 * A text from a server, a file or an agent, made safe to read: what would change how the text around it is read, and
 * what nobody can see, is written as an escape; its direction stays its own.
 */
export function Value({ of, cap, lines = false, as: Around = Fragment }: Shown) {
  const [whole, setWhole] = useState(false);
  const show = lines ? printableLines : printable;
  const isCut = cap !== undefined && !whole && of.length > cap;
  return (
    <Around>
      <bdi class={lines ? 'value value-lines' : 'value'}>{show(isCut ? of.slice(0, cap) : of)}</bdi>
      {isCut && (
        <>
          {'… '}
          <button type="button" class="link" onClick={() => setWhole(true)}>
            {t('common.more', { n: of.length })}
          </button>
        </>
      )}
    </Around>
  );
}
