import type { Compared, PolicyText, SaveAnswer, Version } from '../../../api-types/policy.js';
import { useAction } from '../../action.js';
import { api } from '../../api.js';
import { Dialog } from '../../components/dialog.js';
import { Loading, Problem } from '../../components/pieces.js';
import { SteadyButton } from '../../components/steady-button.js';
import { toast } from '../../components/toast.js';
import { type Draft, openDraft } from '../../draft.js';
import { t, timeText } from '../../i18n/index.js';
import { isTouched } from '../../policy/chosen.js';
import { Difference } from '../../policy/difference.js';
import { usePost } from '../../policy/post.js';
import { Problems } from '../../policy/problems.js';
import { versions } from '../../state.js';
import { setAside } from './aside.js';
import { Cases } from './cases.js';

/** A version with its text. */
export interface Shown {
  readonly version: Version;
  readonly text: string;
}

interface BackProps {
  readonly policy: PolicyText;
  readonly draft: Draft;
  readonly wanted: Shown;
  readonly onClose: () => void;
}

/** What going back to a version changes in the file as it is, and the button that does it. */
export function Back({ policy: { file, text: base }, draft, wanted: { version, text }, onClose }: BackProps) {
  const { data, error, isLoading } = usePost<Compared>(
    '/api/policy/compare',
    { file, base, text },
    0,
    versions.policies.value,
  );
  const { isBusy, error: failure, run } = useAction();
  const hasErrors = data?.problems.some(({ severity }) => severity === 'error') ?? false;
  const isSame = data?.hunks.length === 0;
  const back = async (): Promise<void> => {
    await run(async () => {
      const body = { file, name: version.name, base };
      const { kind } = await api.post<SaveAnswer>('/api/policy/restore', body);
      if (kind === 'saved' || kind === 'same') {
        if (isTouched(draft)) setAside(draft);
        openDraft(file, text);
        toast(t('save.back'));
        onClose();
      } else toast(t(kind === 'conflict' ? 'save.conflict' : 'save.invalid'), 'bad');
    });
    versions.policies.value += 1;
  };
  return (
    <Dialog
      title={t('save.back.title', { what: t('save.version', { time: timeText(version.replacedAt) }) })}
      onClose={onClose}
    >
      <h3>{t('save.back.difference')}</h3>
      {!data && (error ? <Problem error={error} /> : <Loading />)}
      {data && (
        <>
          <Difference hunks={data.hunks} />
          {data.problems.length > 0 && <Problems problems={data.problems} />}
          <Cases cases={data.cases} />
          {hasErrors && (
            <p class="error" role="alert">
              {t('save.invalid')}
            </p>
          )}
          {failure && <Problem error={failure} />}
          <SteadyButton
            kind="main"
            // Where the file changes meanwhile, another difference is to be seen first.
            what={`${version.name} ${base}`}
            busy={isBusy}
            disabled={isLoading || hasErrors || isSame || data.conflict !== undefined}
            onClick={() => void back()}
          >
            {t('save.back.do')}
          </SteadyButton>
        </>
      )}
    </Dialog>
  );
}
