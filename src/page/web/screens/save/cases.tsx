import type { CaseRow } from '../../../api-types/policy.js';
import { Badge } from '../../components/pieces.js';
import { Value } from '../../components/value.js';
import { t } from '../../i18n/index.js';

/** What the test cases of the policy say of the draft; those that fail, whole. */
export function Cases({ cases }: { cases: readonly CaseRow[] }) {
  const failed = cases.filter(({ passed }) => !passed);
  const passed = cases.length - failed.length;
  return (
    <>
      <h3>{t('save.cases')}</h3>
      {cases.length === 0 && <p class="muted">{t('save.cases.none')}</p>}
      {passed > 0 && <p class="fine">{t('save.cases.passed', { n: passed })}</p>}
      {failed.length > 0 && (
        <>
          <p class="error">{t('save.cases.failed', { n: failed.length })}</p>
          <ul class="problems">
            {failed.map(({ file, name, expected, actual }) => (
              <li key={`${file} ${name}`}>
                <Badge kind="deny">{t('policy.error')}</Badge>{' '}
                <Value of={name === '' ? file : name} cap={300} />
                {expected !== '' && (
                  <>
                    <br />
                    {t('save.cases.expected')} <Value as="code" of={expected} cap={500} />
                  </>
                )}
                <br />
                {t('save.cases.got')} <Value as="code" of={actual} cap={500} />
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
