import type { EffectHere } from '../../../api-types/tools.js';
import { Badge, type BadgeKind } from '../../components/pieces.js';
import { English } from '../../components/told.js';
import { Value } from '../../components/value.js';
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

/** What a policy does with a tool: a word, and the words of the commands where they say more. */
export function EffectBadge({ effect: { kind, text } }: { effect: EffectHere }) {
  const isSaid = text === kind || text === '';
  return (
    <>
      <Badge kind={KINDS[kind]}>{t(`tools.effect.${kind}`)}</Badge>
      {!isSaid && (
        <p class="hint">
          <English>
            <Value of={text} cap={160} />
          </English>
        </p>
      )}
    </>
  );
}
