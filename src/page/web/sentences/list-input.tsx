import { useId, useState } from 'preact/hooks';
import { canonicalJson } from '../../../json/canonical.js';
import type { Json } from '../../../json/value.js';
import { printable } from '../../../text/escape.js';
import { Value } from '../components/value.js';
import { t } from '../i18n/index.js';
import { say } from './say.js';
import { jsonIn, numberIn } from './typed-values.js';
import { pathText, valueText } from './words.js';

export interface ListInputProps {
  readonly label: string;
  readonly items: readonly Json[];
  /** What is likely; listed values of an argument are all that there are. */
  readonly options: readonly Json[];
  readonly of: 'name' | 'path' | 'number' | 'text' | 'json';
  readonly onPut: (value: Json) => void;
}

/** More values than these are typed. */
const MOST_BOXES = 12;

/** Several values: ticked where the schema lists them, else added and taken out one by one. */
export function ListInput(props: ListInputProps) {
  const { items, options, of } = props;
  const isListed = of !== 'name' && of !== 'path' && options.length > 0 && options.length <= MOST_BOXES;
  return isListed ? <Boxes {...props} items={items} /> : <Chips {...props} />;
}

const isIn = (list: readonly Json[], item: Json): boolean =>
  list.some((each) => canonicalJson(each) === canonicalJson(item));
const without = (list: readonly Json[], item: Json): readonly Json[] =>
  list.filter((each) => canonicalJson(each) !== canonicalJson(item));

function Boxes({ label, items, options, onPut }: ListInputProps) {
  const all = [...options, ...items.filter((item) => !isIn(options, item))];
  return (
    <fieldset class="boxes" aria-label={label}>
      {all.map((item) => (
        <label key={canonicalJson(item)} class="chip">
          <input
            type="checkbox"
            checked={isIn(items, item)}
            onChange={({ currentTarget }) =>
              // In the order of the schema, so that ticking again gives what was there.
              onPut(all.filter((each) => (each === item ? currentTarget.checked : isIn(items, each))))
            }
          />
          <Value of={valueText(item)} cap={60} />
        </label>
      ))}
    </fieldset>
  );
}

function Chips({ label, items, options, of, onPut }: ListInputProps) {
  const [typed, setTyped] = useState('');
  const id = useId();
  const shown = (item: Json) => (of === 'path' ? pathText(String(item), say) : valueText(item));
  const read = (text: string): Json | undefined => {
    if (of === 'number') return numberIn(text);
    return of === 'json' ? jsonIn(text) : text.trim();
  };
  const value = typed.trim() === '' ? undefined : read(typed);
  const add = () => {
    if (value === undefined) return;
    setTyped('');
    if (!isIn(items, value)) onPut([...items, value]);
  };
  return (
    <fieldset class="boxes" aria-label={label}>
      {items.map((item) => (
        <span key={canonicalJson(item)} class="chip">
          <Value of={shown(item)} cap={60} />
          <button
            type="button"
            class="take"
            aria-label={t('field.take', { what: printable(shown(item), 60) })}
            onClick={() => onPut(without(items, item))}
          >
            ×
          </button>
        </span>
      ))}
      <input
        type="text"
        class="typed"
        list={id}
        autocomplete="off"
        spellcheck={false}
        aria-label={t('field.add', { label })}
        aria-invalid={(typed.trim() !== '' && value === undefined) || undefined}
        value={typed}
        placeholder="+"
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          event.preventDefault();
          add();
        }}
        // What was typed and left is meant.
        onBlur={add}
        onChange={({ currentTarget }) => {
          // Chosen from the list.
          if (isIn(options, currentTarget.value)) add();
        }}
      />
      <datalist id={id}>
        {options
          .filter((option) => !isIn(items, option))
          .map((option) => (
            <option key={canonicalJson(option)} value={valueText(option)} />
          ))}
      </datalist>
    </fieldset>
  );
}
