import { type ApiError, SIGNED_OUT } from '../api.js';
import { Problem } from '../components/pieces.js';
import { t } from '../i18n/index.js';

/** All that is shown without a sign-in. */
export function SignedOut({ error }: { error: ApiError }) {
  return (
    <main class="signed-out">
      <h1>{t('shell.name')}</h1>
      <h2>{t('shell.signed_out')}</h2>
      <Problem error={error} />
      {error.code === SIGNED_OUT && <p>{t('shell.signed_out.how')}</p>}
    </main>
  );
}
