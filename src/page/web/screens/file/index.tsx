import type { Checked } from '../../../api-types/policy.js';
import { Button } from '../../components/button.js';
import { Value } from '../../components/value.js';
import { edit } from '../../draft.js';
import { t } from '../../i18n/index.js';
import { beginningText } from '../../policy/beginning.js';
import { CheckedText } from '../../policy/checked-text.js';
import { beginDraft, type Chosen, ChosenPolicy, isTouched } from '../../policy/chosen.js';
import { usePost } from '../../policy/post.js';
import { href } from '../../router.js';
import { versions } from '../../state.js';
import { Layers } from './layers.js';
import { Settings } from './settings.js';

/** What holds for all tools, the layers, and the whole text with its problems in the margin. */
export function File({ query }: { query: URLSearchParams }) {
  return (
    <ChosenPolicy query={query}>{(chosen) => <Edited key={chosen.policy.file} {...chosen} />}</ChosenPolicy>
  );
}

function Edited({ policy, draft: { file, text }, draft }: Chosen) {
  const isReadOnly = policy.extendedBy.length > 0;
  const checked = usePost<Checked>('/api/policy/check', { file, text }, 200, versions.policies.value);
  const to = { policy: file };
  return (
    <>
      <div class="row spread">
        <p role="status">
          {t(isTouched(draft) ? 'policy.changed' : 'policy.unchanged')}
          {policy.from && ` · ${beginningText(policy.from)}`}
        </p>
        <div class="row">
          <a href={href('/try', {}, to)}>{t('file.try')}</a>
          <a href={href('/impact', {}, to)}>{t('file.impact')}</a>
          <a href={href('/paste', {}, to)}>{t('file.paste')}</a>
          <Button disabled={!isTouched(draft)} onClick={() => beginDraft(policy)}>
            {t('file.revert')}
          </Button>
          {!isReadOnly && (
            <a class="button main" href={href('/save', {}, to)}>
              {t('file.save')}
            </a>
          )}
        </div>
      </div>
      {isReadOnly && (
        <p class="banner">
          <Value of={t('policy.readonly', { files: policy.extendedBy.join(', ') })} />
        </p>
      )}
      <Settings text={text} isReadOnly={isReadOnly} onEdit={edit} />
      {policy.layers.length > 0 && <Layers policy={policy} tightened={checked.data?.tightened ?? []} />}
      <section class="card" aria-labelledby="the-file">
        <h2 id="the-file">{t('file.editor')}</h2>
        <CheckedText
          label={t('file.editor')}
          file={file}
          text={text}
          isReadOnly={isReadOnly}
          onChange={edit}
          problems={checked.data?.problems}
        >
          <h3>{t('policy.problems')}</h3>
        </CheckedText>
        {checked.data && checked.data.unjudged.length > 0 && (
          <p class="hint">{t('file.unjudged', { what: checked.data.unjudged.join(', ') })}</p>
        )}
      </section>
    </>
  );
}
