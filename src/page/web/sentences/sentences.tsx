import { useMemo } from 'preact/hooks';
import { additionsTo } from '../../../advice/sentences/additions.js';
import type { Edit } from '../../../advice/sentences/model.js';
import { applied, type Part, sentencesIn } from '../../../advice/sentences/read.js';
import { Button } from '../components/button.js';
import { Value } from '../components/value.js';
import { t } from '../i18n/index.js';
import { SentenceView } from './sentence-view.js';

export interface SentencesProps {
  /** The text of the whole policy. */
  readonly text: string;
  readonly part: Part;
  readonly isReadOnly?: boolean;
  /** Takes the policy's text with what was changed. */
  readonly onText: (text: string) => void;
  /** Makes the text in which something is added; where an entry has to be made first. */
  readonly prepared?: (text: string) => string;
}

/** What a part of a policy says, rule by rule, with what can be added; nothing else of the text changes. */
export function Sentences({ text, part, isReadOnly = false, onText, prepared = same }: SentencesProps) {
  const reading = useMemo(() => sentencesIn(text, part), [text, part]);
  if (!reading) return <p class="problem">{t('sentence.unreadable')}</p>;
  const edit = (edits: readonly Edit[]) => onText(applied(text, edits));
  const { sentences, others } = reading;
  return (
    <div class="stack">
      {part.path.length > 0 && sentences.length + others.length === 0 && (
        <p class="muted">{t('sentence.none')}</p>
      )}
      <ul class="sentences" hidden={sentences.length + others.length === 0}>
        {sentences.map((sentence) => (
          <li key={sentence.path.join('/')}>
            <SentenceView sentence={sentence} isReadOnly={isReadOnly} onEdit={edit} />
          </li>
        ))}
        {others.map((other) => (
          <li key={other.path.join('/')}>
            <p class="hint">
              {t('sentence.other')}: <Value of={other.path.at(-1)?.toString() ?? ''} cap={100} />
            </p>
            <pre>
              <Value of={other.text} cap={2000} lines />
            </pre>
          </li>
        ))}
      </ul>
      {!isReadOnly && <Additions text={prepared(text)} part={part} onText={onText} />}
    </div>
  );
}

const same = (text: string): string => text;

function Additions({ text, part, onText }: Pick<SentencesProps, 'text' | 'part' | 'onText'>) {
  const additions = useMemo(() => additionsTo(text, part), [text, part]);
  return (
    <fieldset class="row" aria-label={t('add.title')}>
      {additions.map(({ kind, edits }) => (
        <Button key={kind} onClick={() => onText(applied(text, edits))}>
          {t(`add.${kind}`)}
        </Button>
      ))}
    </fieldset>
  );
}
