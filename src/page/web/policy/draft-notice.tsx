import { Button } from '../components/button.js';
import { Value } from '../components/value.js';
import { closeDraft, draft } from '../draft.js';
import { t } from '../i18n/index.js';
import { href } from '../router.js';
import { isTouched } from './chosen.js';

/** Says that there are changes which do not hold yet, and leads to where they are saved. */
export function DraftNotice() {
  const current = draft.value;
  if (!current || !isTouched(current)) return null;
  return (
    <div class="banner row spread" role="status">
      <p>{t('tools.draft')}</p>
      <a class="button main" href={href('/save', {}, { policy: current.file })}>
        {t('tools.save')}
      </a>
    </div>
  );
}

/** What is to become of changes of another policy, before this one's are begun. */
export function OtherDraft({ file, onDropped }: { file: string; onDropped: () => void }) {
  return (
    <div class="card" role="alert">
      <p>
        {t('tools.other', { file: '' })} <Value of={file} />
      </p>
      <div class="row">
        <a class="button main" href={href('/save', {}, { policy: file })}>
          {t('tools.other.save')}
        </a>
        <Button
          kind="danger"
          onClick={() => {
            closeDraft();
            onDropped();
          }}
        >
          {t('tools.other.drop')}
        </Button>
      </div>
    </div>
  );
}
