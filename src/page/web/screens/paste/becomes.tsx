import type { Outline, PasteAnswer } from '../../../api-types/trying.js';
import { Badge, type BadgeKind } from '../../components/pieces.js';
import { Value } from '../../components/value.js';
import { t } from '../../i18n/index.js';

type Becoming = Extract<PasteAnswer, { readonly text: string }>;
type PasteNote = Becoming['notes'][number];

const EFFECTS: Readonly<Record<Outline['tools'][number]['effect'], BadgeKind>> = {
  allowed: 'allow',
  limited: 'limit',
  asked: 'ask',
  refused: 'deny',
  hidden: 'hide',
};

/** What the pasted text does as a policy, and what is lost of it. */
export function Becomes({ answer: { kind, notes, outline } }: { answer: Becoming }) {
  const lost = notes.flatMap((note) => (note.kind === 'import' ? note.text : []));
  const changed = notes.filter((note) => note.kind !== 'import');
  return (
    <>
      {outline && (
        <ul class="bare outline">
          {outline.overAll.map((text) => (
            <li key={text}>{t('paste.over_all', { text })}</li>
          ))}
          {outline.tools.map(({ name, effect, limits, rules }) => (
            <li key={name}>
              <Value as="strong" of={name} cap={200} />{' '}
              <Badge kind={EFFECTS[effect]}>{t(`paste.effect.${effect}`)}</Badge>{' '}
              <Value of={limits.join('; ')} cap={400} />{' '}
              {rules > 0 && <span class="muted">{t('paste.rules', { n: rules })}</span>}
            </li>
          ))}
          {outline.hide.map((name) => (
            <li key={name}>
              <Value as="strong" of={name} cap={200} /> <Badge kind="hide">{t('paste.effect.hidden')}</Badge>
            </li>
          ))}
          <li>{t(`paste.rest.${outline.default}`)}</li>
        </ul>
      )}
      {changed.length === 0 && kind === 'policy' && <p class="muted">{t('paste.as_is')}</p>}
      {changed.length > 0 && (
        <ul class="notes">
          {changed.map((note) => (
            <li key={JSON.stringify(note)}>{words(note)}</li>
          ))}
        </ul>
      )}
      <h3>{t('paste.lost')}</h3>
      {lost.length === 0 ? (
        <p class="fine">{t('paste.lost.none')}</p>
      ) : (
        <ul class="notes">
          {lost.map((text) => (
            <li key={text}>
              <Value of={text} cap={600} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function words(note: Exclude<PasteNote, { readonly kind: 'import' }>): string {
  switch (note.kind) {
    case 'fence':
      return t('paste.fence');
    case 'tools':
      return t('paste.tools');
    case 'added':
      return t('paste.added', { key: note.key, value: note.value });
  }
}
