import { Button } from '../../components/button.js';
import { type Draft, edit } from '../../draft.js';
import { t } from '../../i18n/index.js';
import { keptSignal } from '../../kept-signal.js';

/** A text that gave way to another one, so that nothing is lost; kept like the draft. */
const aside = keptSignal<Pick<Draft, 'file' | 'text'>>('policy-wrap-aside', ({ file, text }) =>
  file !== undefined && text !== undefined ? { file, text } : undefined,
);

export function setAside({ file, text }: Draft): void {
  aside.value = { file, text };
}

/** What was set aside of this file, and the way back. */
export function Aside({ draft }: { draft: Draft }) {
  const { value } = aside;
  if (value?.file !== draft.file || value.text === draft.text) return null;
  const swap = () => {
    const mine = value.text;
    setAside(draft);
    edit(mine);
  };
  return (
    <div class="banner row">
      <span>{t('save.aside')}</span>
      <Button onClick={swap}>{t('save.aside.back')}</Button>
      <Button
        onClick={() => {
          aside.value = undefined;
        }}
      >
        {t('save.aside.drop')}
      </Button>
    </div>
  );
}
