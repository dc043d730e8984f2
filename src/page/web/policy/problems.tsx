import type { Problem } from '../../../policy/read/problem.js';
import { Badge } from '../components/pieces.js';
import { English } from '../components/told.js';
import { Value } from '../components/value.js';
import { language, t } from '../i18n/index.js';

/** What is wrong with a policy, by its places. @param onGo goes to one */
export function Problems({
  problems,
  onGo,
}: {
  problems: readonly Problem[];
  onGo?: (problem: Problem) => void;
}) {
  if (problems.length === 0) return <p class="fine">{t('policy.problems.none')}</p>;
  return (
    <ul class="problems">
      {problems.map((problem) => (
        <li key={`${problem.code} ${problem.pointer} ${problem.message}`}>
          <Badge kind={problem.severity === 'error' ? 'deny' : 'warn'}>
            {t(problem.severity === 'error' ? 'policy.error' : 'policy.warning')}
          </Badge>{' '}
          {onGo ? (
            <button type="button" class="link" onClick={() => onGo(problem)}>
              {placeText(problem)}
            </button>
          ) : (
            placeText(problem)
          )}
          {': '}
          {language.value !== 'en' && `${t(`problem.${problem.code}`)}. `}
          <English>
            <Value of={problem.message} cap={600} />
          </English>{' '}
          {problem.likely !== undefined && `${t('policy.likely', { word: problem.likely.slice(0, 200) })} `}
          <span class="muted">
            <English>
              <Value of={problem.hint} cap={400} />
            </English>
          </span>
        </li>
      ))}
    </ul>
  );
}

const placeText = ({ line, column }: Problem): string => t('policy.place', { line, column });
