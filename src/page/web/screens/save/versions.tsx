import { useState } from 'preact/hooks';
import type { PolicyText, Version } from '../../../api-types/policy.js';
import { useAction } from '../../action.js';
import { api } from '../../api.js';
import { Button } from '../../components/button.js';
import { Dialog } from '../../components/dialog.js';
import { Problem } from '../../components/pieces.js';
import type { Draft } from '../../draft.js';
import { PolicyEditor } from '../../editor/policy-editor.js';
import { t, timeText } from '../../i18n/index.js';
import { useResource } from '../../resource.js';
import { encoded } from '../../router.js';
import { Back, type Shown } from './back.js';

/** The texts that were replaced, newest first: each can be looked at, and put back as it was once its difference was seen. */
export function Versions({ policy, draft }: { policy: PolicyText; draft: Draft }) {
  const { file } = policy;
  const list = useResource<readonly Version[]>(`/api/policy/versions?file=${encoded(file)}`, ['policies']);
  const [shown, setShown] = useState<Shown>();
  const [wanted, setWanted] = useState<Shown>();
  const { error, run } = useAction();
  const open = (version: Version, then: (shown: Shown) => void) =>
    void run(async () => {
      const body = { file, name: version.name };
      then({ version, ...(await api.post<{ readonly text: string }>('/api/policy/version', body)) });
    });
  return (
    <section class="card" aria-labelledby="the-versions">
      <h2 id="the-versions">{t('save.versions')}</h2>
      {list.error && <Problem error={list.error} />}
      {error && <Problem error={error} />}
      {list.data?.length === 0 && <p class="muted">{t('save.versions.none')}</p>}
      <ol class="bare versions">
        {list.data?.map((version) => {
          const what = t('save.version', { time: timeText(version.replacedAt) });
          return (
            <li key={version.name} class="row">
              <span>
                {what} · {t('save.version.lines', { n: version.lines })}
              </span>
              <Button label={`${t('save.version.show')}: ${what}`} onClick={() => open(version, setShown)}>
                {t('save.version.show')}
              </Button>
              {policy.extendedBy.length === 0 && (
                <Button label={`${t('save.version.back')}: ${what}`} onClick={() => open(version, setWanted)}>
                  {t('save.version.back')}
                </Button>
              )}
            </li>
          );
        })}
      </ol>
      {wanted && <Back policy={policy} draft={draft} wanted={wanted} onClose={() => setWanted(undefined)} />}
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
