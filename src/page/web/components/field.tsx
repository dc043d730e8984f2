import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { printable } from '../../../text/escape.js';

interface Described {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
}

/** What a control inside of a field must carry, so that its label, hint and error belong to it. */
export interface Control {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': boolean | undefined;
}

/** A control with its label, its hint and what is wrong with it. */
function Field({
  label,
  hint,
  error,
  children,
}: Described & { children: (control: Control) => ComponentChildren }) {
  const id = useId();
  const notes = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': notes || undefined, 'aria-invalid': error ? true : undefined })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

interface Typed extends Described {
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly placeholder?: string;
}

export function TextField({
  value,
  onInput,
  placeholder,
  multiline,
  inputMode,
  ...described
}: Typed & { multiline?: boolean; inputMode?: 'decimal' }) {
  return (
    <Field {...described}>
      {(control) =>
        multiline ? (
          <textarea
            {...control}
            value={value}
            placeholder={placeholder}
            onInput={({ currentTarget }) => onInput(currentTarget.value)}
          />
        ) : (
          <input
            {...control}
            type="text"
            {...(inputMode && { inputMode })}
            autocomplete="off"
            spellcheck={false}
            value={value}
            placeholder={placeholder}
            onInput={({ currentTarget }) => onInput(currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

/** A number as text: what is typed is kept as it is, so that no digit is lost. */
export function NumberField(field: Typed) {
  return <TextField {...field} inputMode="decimal" />;
}

export interface Option<T extends string> {
  readonly value: T;
  readonly text: string;
}

export function Select<T extends string>({
  value,
  options,
  onChange,
  ...described
}: Described & { value: T; options: readonly Option<T>[]; onChange: (value: T) => void }) {
  return (
    <Field {...described}>
      {(control) => (
        <select
          {...control}
          value={value}
          onChange={({ currentTarget }) => onChange(currentTarget.value as T)}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {printable(option.text, 200)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface CheckProps {
  readonly label: ComponentChildren;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

export function Check({ label, checked, onChange }: CheckProps) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={checked}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      <span>{label}</span>
    </label>
  );
}
