import { useState } from 'preact/hooks';
import { printable, printableLines } from '../../../text/escape.js';
import { t } from '../i18n/index.js';

/**
 * A text from a server, a file or an agent, made safe to read: what would change how the text around it is read, and
 * what nobody can see, is written as an escape; its direction stays its own.
 *
 * @param cap longest text in characters before the rest is hidden behind a button
 * @param lines line feeds stay
 */
export function Value({ of, cap, lines = false }: { of: string; cap?: number; lines?: boolean }) {
  const [whole, setWhole] = useState(false);
  const show = lines ? printableLines : printable;
  const isCut = cap !== undefined && !whole && of.length > cap;
  return (
    <>
      <bdi class={lines ? 'value value-lines' : 'value'}>{show(isCut ? of.slice(0, cap) : of)}</bdi>
      {isCut && (
        <>
          {'… '}
          <button type="button" class="link" onClick={() => setWhole(true)}>
            {t('common.more', { n: of.length })}
          </button>
        </>
      )}
    </>
  );
}
