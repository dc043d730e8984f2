import { useState } from 'preact/hooks';
import type { Kept } from '../../../api-types/trying.js';
import { useAction } from '../../action.js';
import { api } from '../../api.js';
import { Button } from '../../components/button.js';
import { TextField } from '../../components/field.js';
import { Form } from '../../components/form.js';
import { Problem } from '../../components/pieces.js';
import { toast } from '../../components/toast.js';
import { Value } from '../../components/value.js';
import { t } from '../../i18n/index.js';
import { versions } from '../../state.js';
import type { Question } from './question.js';

interface KeepProps {
  readonly file: string;
  readonly text: string;
  readonly question: Question;
  readonly fresh: string;
}

/** Keeps the call as a case that `policy-wrap test` and the save screen run. */
export function Keep({ file, text, question, fresh }: KeepProps) {
  const [name, setName] = useState('');
  const { isBusy, error, run } = useAction();
  const keep = () =>
    run(async () => {
      const kept = await api.post<Kept>('/api/try/keep', { file, text, ...question, name });
      toast(t('try.kept', { file: kept.file }));
      setName('');
      versions.policies.value += 1;
    });
  return (
    <Form class="stack" onSend={keep}>
      <h3>{t('try.keep')}</h3>
      <p>
        {t('try.keep.how')} <Value as="code" of={fresh} cap={400} />
      </p>
      <TextField label={t('try.keep.name')} value={name} onInput={setName} />
      {error && <Problem error={error} />}
      <div>
        <Button submit busy={isBusy} disabled={name.trim() === ''}>
          {t('try.keep.do')}
        </Button>
      </div>
    </Form>
  );
}
