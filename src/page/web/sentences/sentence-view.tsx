import type { Addition, Clause, Edit, Phrase, Sentence } from '../../../advice/sentences/model.js';
import { printable } from '../../../text/escape.js';
import { t } from '../i18n/index.js';
import { FieldInput } from './field-input.js';
import { say } from './say.js';
import { clauseText, joint, pieces, sentenceText } from './words.js';

export interface SentenceViewProps {
  readonly sentence: Sentence;
  readonly isReadOnly?: boolean;
  readonly onEdit: (edits: readonly Edit[]) => void;
}

/** A rule as a sentence whose fields can be changed. */
export function SentenceView({ sentence, isReadOnly = false, onEdit }: SentenceViewProps) {
  const text = printable(sentenceText(sentence, say), 300);
  if (isReadOnly) return <p class="sentence">{text}.</p>;
  const shown = sentence.clauses.filter(({ isDetail }) => !isDetail);
  const details = sentence.clauses.filter(({ isDetail }) => isDetail);
  return (
    <fieldset class="sentence" aria-label={text}>
      {shown.map((clause, at) => (
        <ClauseView key={keyOf(clause, at)} clause={clause} before={joint(shown, at, say)} onEdit={onEdit} />
      ))}
      <More more={sentence.more} onEdit={onEdit} />
      <button
        type="button"
        class="take"
        aria-label={t('sentence.remove', { what: text })}
        onClick={() => onEdit(sentence.removal)}
      >
        ×
      </button>
      {details.length > 0 && (
        <details class="fine">
          <summary>{t('sentence.details')}</summary>
          {details.map((clause, at) => (
            <p key={keyOf(clause, at)} class="clause">
              <ClauseView clause={clause} before="" onEdit={onEdit} />
            </p>
          ))}
        </details>
      )}
    </fieldset>
  );
}

const keyOf = ({ phrase }: Clause, at: number): string => `${phrase} ${at}`;

interface ClauseViewProps {
  readonly clause: Clause;
  readonly before: string;
  readonly onEdit: SentenceViewProps['onEdit'];
}

function ClauseView({ clause, before, onEdit }: ClauseViewProps) {
  const { removal } = clause;
  return (
    <>
      {before.trim() !== '' && <span class="words">{before.trim()}</span>}
      {pieces(clause, say).map((piece) =>
        typeof piece === 'string' ? (
          piece.trim() !== '' && (
            <span key={piece} class="words">
              {piece.trim()}
            </span>
          )
        ) : (
          <FieldInput
            key={piece.name}
            field={piece}
            clause={clause}
            onPut={(value) => onEdit(piece.put(value))}
          />
        ),
      )}
      {removal && (
        <button
          type="button"
          class="take"
          aria-label={t('sentence.remove', { what: printable(clauseText(clause, say), 120) })}
          onClick={() => onEdit(removal)}
        >
          ×
        </button>
      )}
    </>
  );
}

function More({ more, onEdit }: { more: readonly Addition<Phrase>[]; onEdit: SentenceViewProps['onEdit'] }) {
  if (more.length === 0) return null;
  return (
    <select
      class="more"
      aria-label={t('more.add')}
      value=""
      onChange={({ currentTarget }) => {
        const chosen = more.find(({ kind }) => kind === currentTarget.value);
        currentTarget.value = '';
        if (chosen) onEdit(chosen.edits);
      }}
    >
      <option value="">{t('more.choose')}</option>
      {more.map(({ kind }) => (
        <option key={kind} value={kind}>
          {say(`more.${kind}` as never)}
        </option>
      ))}
    </select>
  );
}
