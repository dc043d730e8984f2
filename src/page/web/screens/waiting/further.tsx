import type { ComponentChildren } from 'preact';
import type { ApproveBody, Further, WaitingCall } from '../../../api-types/waiting.js';
import { NumberField, Select } from '../../components/field.js';
import { t } from '../../i18n/index.js';

/** What is being typed about further calls. */
export interface FurtherForm {
  readonly calls: string;
  readonly for: Length;
  readonly path: string;
  readonly max: string;
}

const LENGTHS = ['15m', '30m', '2h', '8h'] as const;
type Length = (typeof LENGTHS)[number];

/** What stands in the form at first: no more money in a call than in this one. */
export function begin({ further }: Pick<WaitingCall, 'further'>): FurtherForm {
  const path = further.kind === 'bounded' ? (further.path ?? '') : '';
  return { calls: '5', for: '30m', path, max: numberAt(further, path) };
}

const numberAt = (further: Further, path: string): string =>
  further.kind === 'bounded' ? (further.numbers.find((each) => each.path === path)?.value ?? '') : '';

/** The form as it is sent. */
export function typedOf({ calls, for: length, path, max }: FurtherForm): NonNullable<ApproveBody['further']> {
  return { calls, for: length, ...(path !== '' && { path, max }) };
}

interface FurtherFieldsProps {
  readonly call: WaitingCall;
  readonly form: FurtherForm | undefined;
  readonly onChange: (form: FurtherForm) => void;
  readonly toggle: ComponentChildren;
}

/** How many further calls, for how long, and how large their amounts may be. */
export function FurtherFields({ call: { further }, form, onChange, toggle }: FurtherFieldsProps) {
  if (further.kind === 'unclear') return <p class="hint">{t('approve.unclear')}</p>;
  if (!form) return <>{toggle}</>;
  const isMoney = further.kind === 'bounded' && further.isMoney;
  const numbers = further.kind === 'bounded' ? further.numbers : [];
  return (
    <fieldset class="further">
      <legend>{toggle}</legend>
      <NumberField
        label={t('approve.calls')}
        value={form.calls}
        onInput={(calls) => onChange({ ...form, calls })}
      />
      <Select
        label={t('approve.for')}
        value={form.for}
        options={LENGTHS.map((value) => ({ value, text: t(`approve.for.${value}`) }))}
        onChange={(length) => onChange({ ...form, for: length })}
      />
      {numbers.length > 0 && (
        <Select
          label={t('approve.which')}
          value={form.path}
          options={[
            ...(isMoney && form.path !== '' ? [] : [{ value: '', text: t('approve.which.none') }]),
            ...numbers.map(({ path }) => ({ value: path, text: path })),
          ]}
          onChange={(path) => onChange({ ...form, path, max: numberAt(further, path) })}
        />
      )}
      {form.path !== '' ? (
        <NumberField
          label={t('approve.max')}
          hint={t('approve.max.how', { path: form.path })}
          value={form.max}
          onInput={(max) => onChange({ ...form, max })}
        />
      ) : (
        <p class="hint">{t('approve.any')}</p>
      )}
    </fieldset>
  );
}
