import { useState } from 'preact/hooks';
import { isRecord } from '../../../../json/value.js';
import { type EditPath, removeIn, setIn } from '../../../../policy/edit/jsonc-text.js';
import { printable } from '../../../../text/escape.js';
import { Button } from '../../components/button.js';
import { NumberField, Select, TextField } from '../../components/field.js';
import { Form } from '../../components/form.js';
import { Value } from '../../components/value.js';
import { type PlainKey, t } from '../../i18n/index.js';
import { documentOf } from '../../policy/numbers.js';

interface SettingsProps {
  readonly text: string;
  readonly isReadOnly: boolean;
  readonly onEdit: (text: string) => void;
}

interface Choice {
  readonly key: string;
  readonly label: PlainKey;
  readonly options: readonly (readonly [value: string, words: PlainKey])[];
  /** What holds where the file does not say; undefined where it must. */
  readonly usual: string | undefined;
}

const CHOICES: readonly Choice[] = [
  {
    key: 'default',
    label: 'file.default',
    options: [
      ['deny', 'file.default.deny'],
      ['allow', 'file.default.allow'],
    ],
    usual: undefined,
  },
  {
    key: 'pin',
    label: 'file.pin',
    options: [
      ['off', 'file.pin.off'],
      ['warn', 'file.pin.warn'],
      ['hold', 'file.pin.hold'],
      ['deny', 'file.pin.deny'],
    ],
    usual: 'warn',
  },
  {
    key: 'list',
    label: 'file.list',
    options: [
      ['all', 'file.list.all'],
      ['callable', 'file.list.callable'],
    ],
    usual: 'all',
  },
];

/** What holds for all tools, as fields: each changes its member of the text and nothing else. */
export function Settings({ text, isReadOnly, onEdit }: SettingsProps) {
  const document = documentOf(text);
  const set = (path: EditPath, value: unknown) =>
    onEdit(value === undefined ? removeIn(text, path) : setIn(text, path, value));
  return (
    <section class="card" aria-labelledby="the-settings">
      <h2 id="the-settings">{t('file.settings')}</h2>
      {document === undefined ? (
        <p class="error">{t('policy.broken')}</p>
      ) : (
        <fieldset class="bare stack" disabled={isReadOnly}>
          <div class="fields">
            {CHOICES.map(({ key, label, options, usual }) => {
              const value = String(document[key] ?? usual ?? '');
              const known = options.some(([option]) => option === value);
              return (
                <Select
                  key={key}
                  label={t(label)}
                  value={value}
                  options={[
                    ...(known ? [] : [{ value, text: printable(value) }]),
                    ...options.map(([option, words]) => ({
                      value: option,
                      text: option === usual ? t('file.usual', { value: t(words) }) : t(words),
                    })),
                  ]}
                  onChange={(chosen) => set([key], chosen)}
                />
              );
            })}
            <TextField
              label={t('file.timezone')}
              hint={t('file.timezone.hint')}
              value={typeof document.timezone === 'string' ? document.timezone : ''}
              placeholder="America/Argentina/Buenos_Aires"
              onInput={(zone) => set(['timezone'], zone === '' ? undefined : zone)}
            />
          </div>
          <Hidden names={namesIn(document.hide)} set={set} />
          <Limits document={document} set={set} />
        </fieldset>
      )}
    </section>
  );
}

type Set = (path: EditPath, value: unknown) => void;

const namesIn = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

function Hidden({ names, set }: { names: readonly string[]; set: Set }) {
  const [name, setName] = useState('');
  const add = () => {
    if (name !== '' && !names.includes(name)) set(['hide', names.length], name);
    setName('');
  };
  return (
    <div class="stack">
      <h3>{t('file.hide')}</h3>
      {names.length > 0 && (
        <ul class="chips">
          {names.map((each, index) => (
            <li key={each}>
              <Value of={each} cap={200} />
              <Button
                kind="link"
                label={t('file.remove', { what: each })}
                onClick={() => set(names.length === 1 ? ['hide'] : ['hide', index], undefined)}
              >
                ×
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Form class="row" onSend={add}>
        <TextField label={t('file.hide.hint')} value={name} onInput={setName} placeholder="delete_*" />
        <Button submit disabled={name === ''}>
          {t('file.add')}
        </Button>
      </Form>
    </div>
  );
}

const WINDOWS = ['second', 'minute', 'hour', 'day', 'week', 'month'];

function Limits({ document, set }: { document: Readonly<Record<string, unknown>>; set: Set }) {
  const all = isRecord(document.all_tools) ? document.all_tools.limits : undefined;
  const limits = Array.isArray(all) ? all : [];
  const counters = limits.map((limit) => (isRecord(limit) ? limit.counter : undefined));
  const add = () => {
    const free = ['all_calls', ...Array.from({ length: limits.length + 1 }, (_, i) => `all_calls_${i + 2}`)];
    const counter = free.find((each) => !counters.includes(each));
    set(['all_tools', 'limits', limits.length], { counter, window: 'minute', max: 60 });
  };
  const remove = (index: number) =>
    set(limits.length === 1 ? ['all_tools', 'limits'] : ['all_tools', 'limits', index], undefined);
  return (
    <div class="stack">
      <h3>{t('file.limits')}</h3>
      {limits.length === 0 && <p class="muted">{t('file.limits.none')}</p>}
      {limits.map((limit, index) => (
        <Limit
          key={index}
          limit={isRecord(limit) ? limit : {}}
          onMax={(max) => set(['all_tools', 'limits', index, 'max'], max)}
          onWindow={(window) => set(['all_tools', 'limits', index, 'window'], window)}
          onRemove={() => remove(index)}
        />
      ))}
      <div>
        <Button onClick={add}>{t('file.limit.add')}</Button>
      </div>
    </div>
  );
}

interface LimitProps {
  readonly limit: Readonly<Record<string, unknown>>;
  readonly onMax: (max: number) => void;
  readonly onWindow: (window: string) => void;
  readonly onRemove: () => void;
}

function Limit({ limit, onMax, onWindow, onRemove }: LimitProps) {
  const written = String(limit.max ?? '');
  const [typed, setTyped] = useState<string>();
  const window = String(limit.window ?? '');
  const counter = String(limit.counter ?? '');
  const what =
    limit.amount === undefined ? t('file.limit.calls') : printable(JSON.stringify(limit.amount), 80);
  return (
    <div class="over-all">
      <NumberField
        label={`${t('file.limit.max')} (${what})`}
        value={typed ?? written}
        onInput={(value) => {
          const number = Number(value);
          const isNumber = value.trim() !== '' && Number.isFinite(number) && number >= 0;
          // What is no number yet stays in its field.
          setTyped(isNumber && String(number) === value ? undefined : value);
          if (isNumber) onMax(number);
        }}
      />
      <Select
        label={t('file.limit.window')}
        value={window}
        options={[...(WINDOWS.includes(window) ? [] : [window]), ...WINDOWS].map((each) => ({
          value: each,
          text: printable(each),
        }))}
        onChange={onWindow}
      />
      <p class="muted">
        <Value of={counter} cap={100} />
      </p>
      <Button kind="danger" label={t('file.remove', { what: counter })} onClick={onRemove}>
        ×
      </Button>
    </div>
  );
}
