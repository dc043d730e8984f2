import { useState } from 'preact/hooks';
import type { Compared, SaveAnswer } from '../../../api-types/policy.js';
import { useAction } from '../../action.js';
import { api } from '../../api.js';
import { Button } from '../../components/button.js';
import { Check } from '../../components/field.js';
import { Loading, Problem } from '../../components/pieces.js';
import { toast } from '../../components/toast.js';
import { Value } from '../../components/value.js';
import { openDraft } from '../../draft.js';
import { t } from '../../i18n/index.js';
import { type Chosen, ChosenPolicy } from '../../policy/chosen.js';
import { Difference } from '../../policy/difference.js';
import { usePost } from '../../policy/post.js';
import { Problems } from '../../policy/problems.js';
import { href } from '../../router.js';
import { versions } from '../../state.js';
import { Aside } from './aside.js';
import { Cases } from './cases.js';
import { Conflict } from './conflict.js';
import { Deciding } from './deciding.js';
import { Versions } from './versions.js';

/** The difference, what the check and the test cases say of it, and the button; the versions before. */
export function Save({ query }: { query: URLSearchParams }) {
  return (
    <ChosenPolicy query={query}>{(chosen) => <Saving key={chosen.policy.file} {...chosen} />}</ChosenPolicy>
  );
}

function Saving({ policy, draft }: Chosen) {
  const { file, text, base } = draft;
  const { data, error, isLoading } = usePost<Compared>(
    '/api/policy/compare',
    { file, base, text },
    100,
    versions.policies.value,
  );
  /** The text of which it was said that it is saved though a case fails. */
  const [anyway, setAnyway] = useState<string>();
  const { isBusy, error: failure, run } = useAction();
  const isReadOnly = policy.extendedBy.length > 0;
  const failed = data?.cases.filter(({ passed }) => !passed).length ?? 0;
  const hasErrors = data?.problems.some(({ severity }) => severity === 'error') ?? false;
  const isSame = data?.hunks.length === 0 && data.conflict === undefined && policy.state === 'file';
  const save = () =>
    run(async () => {
      const answer = await api.post<SaveAnswer>('/api/policy/save', { file, base, text });
      if (answer.kind === 'saved' || answer.kind === 'same') {
        openDraft(file, text);
        toast(t('save.done'));
      } else if (answer.kind === 'conflict') toast(t('save.conflict'), 'bad');
      else toast(t('save.invalid'), 'bad');
      // Whatever came of it, the file is looked at again.
      versions.policies.value += 1;
    });
  return (
    <>
      <Aside draft={draft} />
      {isReadOnly && (
        <p class="banner">
          <Value of={t('policy.readonly', { files: policy.extendedBy.join(', ') })} />
        </p>
      )}
      {data?.conflict !== undefined && <Conflict draft={draft} theirs={data.conflict} />}
      {!data && (error ? <Problem error={error} /> : <Loading />)}
      {data && (
        <section class="card" aria-labelledby="the-difference">
          <h2 id="the-difference">{t('save.difference')}</h2>
          <Difference hunks={data.hunks} />
          <h3>{t('policy.problems')}</h3>
          <Problems problems={data.problems} />
          <Cases cases={data.cases} />
          {hasErrors && (
            <p class="error" role="alert">
              {t('save.invalid')} <a href={href('/file', {}, { policy: file })}>{t('file.title')}</a>
            </p>
          )}
          {failed > 0 && !hasErrors && (
            <Check
              label={t('save.anyway')}
              checked={anyway === text}
              onChange={(on) => setAnyway(on ? text : undefined)}
            />
          )}
          {failure && <Problem error={failure} />}
          <div class="row">
            <Button
              kind="main"
              busy={isBusy}
              disabled={
                // What stands above is of another text until it is answered.
                isLoading ||
                hasErrors ||
                isSame ||
                isReadOnly ||
                data.conflict !== undefined ||
                (failed > 0 && anyway !== text)
              }
              onClick={() => void save()}
            >
              {t('save.do')}
            </Button>
            <a href={href('/file', {}, { policy: file })}>{t('file.title')}</a>
          </div>
        </section>
      )}
      {/* Begun anew with each version: what was true of the last one says nothing of this. */}
      <Deciding key={base} file={file} />
      <Versions policy={policy} draft={draft} />
    </>
  );
}
