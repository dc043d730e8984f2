import type { From } from '../../api-types/shell.js';
import { t } from '../i18n/index.js';
import { Value } from './value.js';

/** Whose something is, in a team: the login, and the machine that it said it is. */
export function FromWhom({ from: { who, host } }: { from: From }) {
  return (
    <>
      <Value of={who} cap={100} /> {t('team.on')} <Value of={host} cap={100} />
    </>
  );
}
