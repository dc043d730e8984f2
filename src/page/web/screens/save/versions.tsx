import { useState } from 'preact/hooks';
import type { PolicyText, SaveAnswer, Version } from '../../../api-types/policy.js';
import { api, errorOf } from '../../api.js';
import { Button } from '../../components/button.js';
import { Dialog } from '../../components/dialog.js';
import { Problem } from '../../components/pieces.js';
import { SteadyButton } from '../../components/steady-button.js';
import { toast } from '../../components/toast.js';
import { type Draft, openDraft } from '../../draft.js';
import { PolicyEditor } from '../../editor/policy-editor.js';
import { t, timeText } from '../../i18n/index.js';
import { isTouched } from '../../policy/chosen.js';
import { useResource } from '../../resource.js';
import { encoded } from '../../router.js';
import { versions } from '../../state.js';
import { setAside } from './aside.js';

/** The texts that were replaced, newest first: each can be looked at, and put back as it was. */
export function Versions({ policy, draft }: { policy: PolicyText; draft: Draft }) {
  const { file } = policy;
  const list = useResource<readonly Version[]>(`/api/policy/versions?file=${encoded(file)}`, ['policies']);
  const [shown, setShown] = useState<{ readonly version: Version; readonly text: string }>();
  const [failure, setFailure] = useState<unknown>();
  const attempt = (work: () => Promise<void>) => {
    setFailure(undefined);
    work().catch(setFailure);
  };
  const read = ({ name }: Version) =>
    api.post<{ readonly text: string }>('/api/policy/version', { file, name });
  const back = (version: Version) =>
    attempt(async () => {
      const { text } = await read(version);
      const answer = await api.post<SaveAnswer>('/api/policy/restore', {
        file,
        name: version.name,
        base: policy.text,
      });
      if (answer.kind === 'saved' || answer.kind === 'same') {
        if (isTouched(draft)) setAside(draft);
        openDraft(file, text);
        toast(t('save.back'));
      } else toast(t(answer.kind === 'conflict' ? 'save.conflict' : 'save.invalid'), 'bad');
      versions.policies.value += 1;
    });
  return (
    <section class="card" aria-labelledby="the-versions">
      <h2 id="the-versions">{t('save.versions')}</h2>
      {list.error && <Problem error={list.error} />}
      {failure !== undefined && <Problem error={errorOf(failure)} />}
      {list.data?.length === 0 && <p class="muted">{t('save.versions.none')}</p>}
      <ol class="bare versions">
        {list.data?.map((version) => {
          const what = t('save.version', { time: timeText(version.replacedAt) });
          return (
            <li key={version.name} class="row">
              <span>
                {what} · {t('save.version.lines', { n: version.lines })}
              </span>
              <Button
                label={`${t('save.version.show')}: ${what}`}
                onClick={() => attempt(async () => setShown({ version, ...(await read(version)) }))}
              >
                {t('save.version.show')}
              </Button>
              {policy.extendedBy.length === 0 && (
                <SteadyButton label={`${t('save.version.back')}: ${what}`} onClick={() => back(version)}>
                  {t('save.version.back')}
                </SteadyButton>
              )}
            </li>
          );
        })}
      </ol>
      {shown && (
        <Dialog
          title={t('save.version', { time: timeText(shown.version.replacedAt) })}
          onClose={() => setShown(undefined)}
        >
          <PolicyEditor label={t('save.version.text')} text={shown.text} isReadOnly />
        </Dialog>
      )}
    </section>
  );
}
