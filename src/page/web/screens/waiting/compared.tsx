import type { Comparison, Difference } from '../../../api-types/waiting.js';
import { t } from '../../i18n/index.js';

/** Fewer earlier calls say nothing of what is usual; as in the comparison itself. */
const ENOUGH = 5;

/** In what a call differs from those that passed before. */
export function Compared({ comparison: { calls, withValues, unusual } }: { comparison: Comparison }) {
  return (
    <section class="stack tight">
      <h3>{t('waiting.compared')}</h3>
      {unusual.length > 0 ? (
        <ul class="unusual">
          {unusual.map((each) => (
            <li key={JSON.stringify(each)}>{textOf(each)}</li>
          ))}
        </ul>
      ) : (
        <p>
          {calls < ENOUGH ? t('waiting.few_others', { n: calls }) : t('waiting.like_others', { n: calls })}
        </p>
      )}
      {calls >= ENOUGH && withValues < ENOUGH && <p class="hint">{t('waiting.names_only')}</p>}
    </section>
  );
}

function textOf(each: Difference): string {
  switch (each.kind) {
    case 'first_call':
    case 'new_client':
      return t(`unusual.${each.kind}`);
    case 'new_argument':
    case 'missing_argument':
      return t(`unusual.${each.kind}`, { path: each.path });
    case 'larger':
      return t('unusual.larger', each);
    case 'new_value':
      return t('unusual.new_value', each);
    case 'often':
      return t('unusual.often', each);
  }
}
