import { Empty } from '../../components/pieces.js';
import { t } from '../../i18n/index.js';

/** What waits for a person. */
export function Waiting() {
  return <Empty title={t('waiting.none')} />;
}
