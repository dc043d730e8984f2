import { Button } from '../../components/button.js';
import { type Draft, openDraft } from '../../draft.js';
import { PolicyEditor } from '../../editor/policy-editor.js';
import { t } from '../../i18n/index.js';
import { setAside } from './aside.js';

/** Both texts side by side, and the choice which to go on with. */
export function Conflict({ draft, theirs }: { draft: Draft; theirs: string }) {
  const keep = () => openDraft(draft.file, theirs, draft.text);
  const take = () => {
    setAside(draft);
    openDraft(draft.file, theirs);
  };
  return (
    <section class="card conflict" aria-labelledby="the-conflict">
      <h2 id="the-conflict" class="error">
        {t('save.conflict')}
      </h2>
      <p>{t('save.conflict.how')}</p>
      <div class="beside">
        <div class="stack">
          <h3>{t('save.conflict.mine')}</h3>
          <PolicyEditor label={t('save.conflict.mine')} text={draft.text} isReadOnly />
          <Button onClick={keep}>{t('save.conflict.keep')}</Button>
        </div>
        <div class="stack">
          <h3>{t('save.conflict.theirs')}</h3>
          <PolicyEditor label={t('save.conflict.theirs')} text={theirs} isReadOnly />
          <Button onClick={take}>{t('save.conflict.take')}</Button>
        </div>
      </div>
    </section>
  );
}
