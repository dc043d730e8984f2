import { useState } from 'preact/hooks';
import type { Checked, PolicyText } from '../../../api-types/policy.js';
import { Value } from '../../components/value.js';
import { PolicyEditor } from '../../editor/policy-editor.js';
import { t } from '../../i18n/index.js';

type Tightened = Checked['tightened'][number];

/** The policies that this one stands on, read-only, and what they make stricter. */
export function Layers({ policy, tightened }: { policy: PolicyText; tightened: readonly Tightened[] }) {
  return (
    <section class="card" aria-labelledby="the-layers">
      <h2 id="the-layers">{t('file.layers')}</h2>
      {policy.layers.map((layer) => (
        <Layer key={layer.file} {...layer} />
      ))}
      <h3>{t('file.tightened')}</h3>
      {tightened.length === 0 ? (
        <p class="muted">{t('file.tightened.none')}</p>
      ) : (
        <ul class="tightened">
          {tightened.map((one) => (
            <li key={JSON.stringify(one)}>{words(one)}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Layer({ file, text, problem }: PolicyText['layers'][number]) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <Value of={file} />
      </summary>
      {problem !== undefined && (
        <p class="error">
          <Value of={problem} />
        </p>
      )}
      {isOpen && text !== undefined && (
        <PolicyEditor label={t('file.layer', { file })} text={text} isReadOnly />
      )}
    </details>
  );
}

const base = (file: string): string => file.split(/[\\/]/).at(-1) ?? file;

function words(one: Tightened): string {
  switch (one.kind) {
    case 'setting':
      return t('file.tightened.setting', one);
    case 'limit':
      return t('file.tightened.limit', { layer: base(one.layer), text: one.text });
    case 'rules':
      return t('file.tightened.rules', { layer: base(one.layer), n: one.count });
    case 'hides':
      return t('file.tightened.hides', { layer: base(one.layer), name: one.name });
    case 'judges':
      return t('file.tightened.judges', { layer: base(one.layer), name: one.name });
    case 'stops':
      return t('file.tightened.stops', { layer: base(one.layer), name: one.name });
  }
}
