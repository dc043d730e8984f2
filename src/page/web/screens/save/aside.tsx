import { effect, signal } from '@preact/signals';
import { Button } from '../../components/button.js';
import { type Draft, edit } from '../../draft.js';
import { t } from '../../i18n/index.js';

const KEY = 'policy-wrap-aside';

/** A text that gave way to another one, so that nothing is lost; kept like the draft. */
const aside = signal<Pick<Draft, 'file' | 'text'> | undefined>(kept());

effect(() => {
  const { value } = aside;
  try {
    if (value) sessionStorage.setItem(KEY, JSON.stringify(value));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Longer than what browsers keep: it stays until the page is loaded again.
    sessionStorage.removeItem(KEY);
  }
});

function kept(): Pick<Draft, 'file' | 'text'> | undefined {
  try {
    const { file, text } = JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Partial<Draft>;
    return file !== undefined && text !== undefined ? { file, text } : undefined;
  } catch {
    return undefined;
  }
}

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
