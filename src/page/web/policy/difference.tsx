import { printable } from '../../../text/escape.js';
import type { Hunk } from '../../api-types/policy.js';
import { Scroll } from '../components/pieces.js';
import { t } from '../i18n/index.js';

/** What differs between two texts: a sign, a colour and the line. */
export function Difference({ hunks }: { hunks: readonly Hunk[] }) {
  if (hunks.length === 0) return <p class="muted">{t('save.same')}</p>;
  return (
    <Scroll label={t('policy.table', { what: t('save.difference') })}>
      <pre class="difference">
        {hunks.map(({ oldStart, newStart, lines }) => (
          <span key={`${oldStart} ${newStart}`}>
            <span class="hunk">{`@@ ${oldStart} → ${newStart} @@\n`}</span>
            {lines.map((line, index) => (
              <span key={index} class={KINDS[line[0] ?? ' '] ?? 'same'}>
                {`${shown(line)}\n`}
              </span>
            ))}
          </span>
        ))}
      </pre>
    </Scroll>
  );
}

const KINDS: Readonly<Record<string, string>> = { '+': 'added', '-': 'removed' };

/** Tabs stay, and a carriage return at the end is part of the line's end. */
function shown(line: string): string {
  return line
    .replace(/\r$/, '')
    .split('\t')
    .map((part) => printable(part))
    .join('\t');
}
