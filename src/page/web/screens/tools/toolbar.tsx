import type { Wish } from '../../../../policy/edit/edit-entry.js';
import type { ToolRow } from '../../../api-types/tools.js';
import { Button } from '../../components/button.js';
import { t } from '../../i18n/index.js';
import { Wishes } from '../../policy/wishes.js';
import { CLASSES } from './rows.js';

interface ToolbarProps {
  readonly rows: readonly ToolRow[];
  readonly chosen: readonly string[];
  readonly onChoose: (names: ReadonlySet<string>) => void;
  readonly onWish: (wish: Wish) => void;
}

/** Chooses tools by their class, and says what is to become of the chosen ones. */
export function Toolbar({ rows, chosen, onChoose, onWish }: ToolbarProps) {
  const there = CLASSES.filter((name) => rows.some((row) => row.class === name));
  const choose = (list: readonly ToolRow[]) => onChoose(new Set(list.map(({ name }) => name)));
  return (
    <div class="toolbar">
      <fieldset class="row" aria-label={t('tools.choose')}>
        <span class="muted">{t('tools.choose')}</span>
        <Button kind="link" onClick={() => choose(rows)}>
          {t('tools.choose.all')}
        </Button>
        {there.map((name) => (
          <Button key={name} kind="link" onClick={() => choose(rows.filter((row) => row.class === name))}>
            {name}
          </Button>
        ))}
        <Button kind="link" onClick={() => choose([])}>
          {t('tools.choose.none')}
        </Button>
        <span role="status">{t('tools.chosen', { n: chosen.length })}</span>
      </fieldset>
      <Wishes label={t('tools.set')} isDisabled={chosen.length === 0} onWish={onWish} />
    </div>
  );
}
