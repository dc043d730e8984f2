import type { ToolRow } from '../../../api-types/tools.js';
import { Value } from '../../components/value.js';
import { t } from '../../i18n/index.js';

/** Findings that are shown of one tool. */
const SHOWN = 5;

/** What a definition says to a model: evidence to read, as text. */
export function Findings({ findings }: Pick<ToolRow, 'findings'>) {
  if (findings.length === 0) return null;
  return (
    <ul class="findings">
      {findings.slice(0, SHOWN).map(({ kind, where, excerpt }) => (
        <li key={`${kind} ${where}`}>
          <strong>{t(`tools.finding.${kind}`)}</strong> · <Value of={where} cap={100} />: “
          <Value of={excerpt} cap={160} />”
        </li>
      ))}
    </ul>
  );
}
