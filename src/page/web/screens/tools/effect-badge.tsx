import type { EffectHere } from '../../../api-types/tools.js';
import { Badge, type BadgeKind } from '../../components/pieces.js';
import { ToldText } from '../../components/told.js';
import { t } from '../../i18n/index.js';

const KINDS: Readonly<Record<EffectHere['kind'], BadgeKind>> = {
  allow: 'allow',
  limit: 'limit',
  ask: 'ask',
  deny: 'deny',
  hide: 'hide',
  custom: 'info',
  none: 'warn',
};

/** What a policy does with a tool: a word, and more where that does not say it all. */
export function EffectBadge({ effect: { kind, text } }: { effect: EffectHere }) {
  return (
    <>
      <Badge kind={KINDS[kind]}>{t(`tools.effect.${kind}`)}</Badge>
      {text && (
        <p class="hint">
          <ToldText of={text} cap={160} />
        </p>
      )}
    </>
  );
}
