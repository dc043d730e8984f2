import { useState } from 'preact/hooks';
import type { Clause, Field } from '../../../advice/sentences/model.js';
import { canonicalJson } from '../../../json/canonical.js';
import { isArray, type Json } from '../../../json/value.js';
import { parseWindow, WINDOW_WORDS } from '../../../policy/limits/window.js';
import { printable } from '../../../text/escape.js';
import { t } from '../i18n/index.js';
import { type DayTaken, daysValue, takenDays } from './days.js';
import { ListInput } from './list-input.js';
import { say } from './say.js';
import { jsonIn, numberIn } from './typed-values.js';
import { choiceText, pathText, type SentenceKey, spanKind, valueText } from './words.js';

export interface FieldInputProps {
  readonly field: Field;
  readonly clause: Clause;
  readonly onPut: (value: Json) => void;
}

/** A field of a sentence, to be chosen or typed as what it stands for asks. */
export function FieldInput({ field, clause, onPut }: FieldInputProps) {
  const { name, value, input } = field;
  const label = say(`field.${name}` as SentenceKey);
  switch (input.kind) {
    case 'choice':
      return (
        <Choice
          label={label}
          value={value}
          options={input.options}
          words={(option) => choiceText(input.of, option, say, clause)}
          onPut={onPut}
        />
      );
    case 'path':
      return <PathInput label={label} value={String(value)} options={input.options} onPut={onPut} />;
    case 'window':
      return <WindowInput label={label} name={name} value={value} onPut={onPut} />;
    case 'days':
      return <DaysInput label={label} value={value} onPut={onPut} />;
    case 'list':
      return (
        <ListInput
          label={label}
          items={isArray(value) ? value : [value]}
          options={input.options}
          of={input.of}
          onPut={onPut}
        />
      );
    case 'number':
      return (
        <Typed label={label} value={value} read={numberIn} hint={t('field.number')} onPut={onPut} isNumber />
      );
    case 'json':
      return <Typed label={label} value={value} read={jsonIn} hint={t('field.json')} onPut={onPut} />;
    case 'time':
      return <Typed label={label} value={value} read={timeIn} hint={t('field.time')} onPut={onPut} />;
    case 'text':
      return <Typed label={label} value={value} read={(text) => text} onPut={onPut} />;
  }
}

interface TypedProps {
  readonly label: string;
  readonly value: Json;
  readonly read: (text: string) => Json | undefined;
  readonly hint?: string;
  readonly onPut: (value: Json) => void;
  readonly isNumber?: boolean;
}

/** What is typed, while it cannot be taken yet too. */
function Typed({ label, value, read, hint, onPut, isNumber = false }: TypedProps) {
  const [typed, setTyped] = useState<string>();
  const text = typed ?? valueText(value);
  const isWrong = typed !== undefined && read(typed) === undefined;
  return (
    <input
      type="text"
      class="typed"
      style={{ inlineSize: `${Math.min(40, Math.max(4, text.length + 3))}ch` }}
      inputMode={isNumber ? 'decimal' : 'text'}
      autocomplete="off"
      spellcheck={false}
      aria-label={label}
      aria-invalid={isWrong || undefined}
      title={isWrong ? hint : undefined}
      value={text}
      onInput={({ currentTarget }) => {
        setTyped(currentTarget.value);
        const next = read(currentTarget.value);
        if (next !== undefined) onPut(next);
      }}
      onBlur={() => setTyped(undefined)}
    />
  );
}

const timeIn = (text: string): Json | undefined =>
  /^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/.test(text.trim()) ? text.trim() : undefined;

interface ChoiceProps {
  readonly label: string;
  readonly value: Json;
  readonly options: readonly Json[];
  readonly words: (option: Json) => string;
  readonly onPut: (value: Json) => void;
}

function Choice({ label, value, options, words, onPut }: ChoiceProps) {
  const all = options.some((option) => isSame(option, value)) ? options : [value, ...options];
  return (
    <select
      class="choice-of"
      aria-label={label}
      value={canonicalJson(value)}
      onChange={({ currentTarget }) => {
        const chosen = all.find((option) => canonicalJson(option) === currentTarget.value);
        if (chosen !== undefined) onPut(chosen);
      }}
    >
      {all.map((option) => (
        <option key={canonicalJson(option)} value={canonicalJson(option)}>
          {printable(words(option), 80)}
        </option>
      ))}
    </select>
  );
}

const isSame = (a: Json, b: Json): boolean => canonicalJson(a) === canonicalJson(b);

/** Stands for what is not in the list. */
const OTHER = '\n';

interface PathInputProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly string[];
  readonly onPut: (value: Json) => void;
}

function PathInput({ label, value, options, onPut }: PathInputProps) {
  const [isTyped, setTyped] = useState(options.length === 0);
  const all = options.includes(value) ? options : [value, ...options];
  return (
    <>
      <select
        class="choice-of"
        aria-label={label}
        value={isTyped ? OTHER : value}
        onChange={({ currentTarget }) => {
          setTyped(currentTarget.value === OTHER);
          if (currentTarget.value !== OTHER) onPut(currentTarget.value);
        }}
      >
        {all.map((path) => (
          <option key={path} value={path}>
            {printable(pathText(path, say), 80)}
          </option>
        ))}
        <option value={OTHER}>{t('word.other')}</option>
      </select>
      {isTyped && (
        <Typed label={t('field.typed', { label })} value={value} read={(text) => text} onPut={onPut} />
      )}
    </>
  );
}

interface WindowInputProps {
  readonly label: string;
  readonly name: string;
  readonly value: Json;
  readonly onPut: (value: Json) => void;
}

function WindowInput({ label, name, value, onPut }: WindowInputProps) {
  const isWord = (WINDOW_WORDS as readonly Json[]).includes(value);
  const [isAsked, setAsked] = useState(false);
  const kind = spanKind(name);
  const isTyped = isAsked || !isWord;
  return (
    <>
      <select
        class="choice-of"
        aria-label={label}
        value={isTyped ? OTHER : String(value)}
        onChange={({ currentTarget }) => {
          setAsked(currentTarget.value === OTHER);
          if (currentTarget.value !== OTHER) onPut(currentTarget.value);
        }}
      >
        {WINDOW_WORDS.map((word) => (
          <option key={word} value={word}>
            {t(`word.${kind}.${word}`)}
          </option>
        ))}
        <option value={OTHER}>{isTyped ? inWord(kind) : t(`word.${kind}.other`)}</option>
      </select>
      {isTyped && (
        <Typed
          label={t('field.typed', { label })}
          value={value}
          read={spanIn}
          hint={t('field.span')}
          onPut={onPut}
        />
      )}
    </>
  );
}

const inWord = (kind: 'window' | 'span'): string => (kind === 'window' ? t('word.window.in') : '…');

function spanIn(text: string): Json | undefined {
  const value = /^\d+$/.test(text.trim()) ? Number(text.trim()) : text.trim();
  return 'fault' in parseWindow(value) ? undefined : value;
}

function DaysInput({ label, value, onPut }: { label: string; value: Json; onPut: (value: Json) => void }) {
  const days = takenDays(value);
  if (days === undefined)
    return <Typed label={label} value={value} read={jsonIn} hint={t('field.json')} onPut={onPut} />;
  const turned = (day: DayTaken['day']) =>
    days.map((each) => (each.day === day ? { ...each, taken: !each.taken } : each));
  return (
    <fieldset class="days" aria-label={label}>
      {days.map(({ day, taken }) => (
        <label key={day} class="chip">
          <input
            type="checkbox"
            checked={taken}
            onChange={() => {
              // Without a day there is no time at all.
              const next = turned(day);
              if (next.some((each) => each.taken)) onPut(daysValue(next));
            }}
          />
          <span>{t(`word.day.${day}`)}</span>
        </label>
      ))}
    </fieldset>
  );
}
