import { useState } from 'preact/hooks';
import type { Checked } from '../../../api-types/policy.js';
import type { PasteAnswer } from '../../../api-types/trying.js';
import { Button } from '../../components/button.js';
import { TextField } from '../../components/field.js';
import { Problem } from '../../components/pieces.js';
import { openDraft } from '../../draft.js';
import { PolicyEditor } from '../../editor/policy-editor.js';
import { t } from '../../i18n/index.js';
import { type Chosen, ChosenPolicy } from '../../policy/chosen.js';
import { usePost } from '../../policy/post.js';
import { Problems } from '../../policy/problems.js';
import { go } from '../../router.js';
import { Becomes } from './becomes.js';

/** A text from elsewhere, what it becomes and what is lost, before anything is saved. */
export function Paste({ query }: { query: URLSearchParams }) {
  return (
    <ChosenPolicy query={query}>{(chosen) => <Pasting key={chosen.policy.file} {...chosen} />}</ChosenPolicy>
  );
}

function Pasting({ policy, draft: { file } }: Chosen) {
  const [text, setText] = useState('');
  const [tool, setTool] = useState('');
  const body = text.trim() === '' ? undefined : { file, text, ...(tool !== '' && { tool }) };
  const { data: answer, error } = usePost<PasteAnswer>('/api/paste', body, 150);
  const result = answer && 'text' in answer && body ? answer.text : undefined;
  const checked = usePost<Checked>(
    '/api/policy/check',
    result === undefined ? undefined : { file, text: result },
  );
  const isReadOnly = policy.extendedBy.length > 0;
  const use = (path: string) => {
    if (result === undefined) return;
    openDraft(file, policy.text, result);
    go(path, {}, { policy: file });
  };
  return (
    <>
      <section class="card" aria-labelledby="the-text">
        <h2 id="the-text">{t('paste.from')}</h2>
        <p>{t('paste.how')}</p>
        <div class="paste">
          <TextField label={t('paste.text')} multiline value={text} onInput={setText} />
        </div>
        {(answer?.kind === 'nameless' || tool !== '') && (
          <TextField label={t('paste.tool')} value={tool} onInput={setTool} />
        )}
        {error && <Problem error={error} />}
        {body && answer?.kind === 'unknown' && (
          <p class="error" role="alert">
            {t('paste.unknown', { fault: answer.fault })}
          </p>
        )}
      </section>
      {answer && result !== undefined && 'text' in answer && (
        <section class="card" aria-labelledby="it-becomes">
          <h2 id="it-becomes">{t('paste.becomes')}</h2>
          <Becomes answer={answer} />
          {checked.data && <Problems problems={checked.data.problems} />}
          <div class="row">
            <Button kind="main" disabled={!checked.data?.isUsable || isReadOnly} onClick={() => use('/save')}>
              {t('paste.use')}
            </Button>
            <Button disabled={isReadOnly} onClick={() => use('/file')}>
              {t('paste.edit')}
            </Button>
          </div>
          <PolicyEditor
            label={t('paste.result')}
            text={result}
            isReadOnly
            problems={checked.data?.problems}
          />
        </section>
      )}
    </>
  );
}
