import type { ProblemHere } from '../../api-types/policy.js';
import { Badge } from '../components/pieces.js';
import { ToldText } from '../components/told.js';
import { language, t } from '../i18n/index.js';

interface ProblemsProps {
  readonly problems: readonly ProblemHere[];
  readonly onGo?: (problem: ProblemHere) => void;
}

/** What is wrong with a policy, by its places. @param onGo goes to one */
export function Problems({ problems, onGo }: ProblemsProps) {
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
          {language.value !== problem.lang && `${t(`problem.${problem.code}`)}. `}
          <ToldText of={{ text: problem.message, lang: problem.lang }} cap={600} />{' '}
          {problem.likely !== undefined && `${t('policy.likely', { word: problem.likely.slice(0, 200) })} `}
          <span class="muted">
            <ToldText of={{ text: problem.hint, lang: problem.lang }} cap={400} />
          </span>
        </li>
      ))}
    </ul>
  );
}

const placeText = ({ line, column }: ProblemHere): string => t('policy.place', { line, column });
