import { useState } from 'preact/hooks';
import { printable } from '../../../../text/escape.js';
import type { ToolRow } from '../../../api-types/tools.js';
import { Button } from '../../components/button.js';
import { Badge, Scroll } from '../../components/pieces.js';
import { ToldText } from '../../components/told.js';
import { Value } from '../../components/value.js';
import { numberText, t } from '../../i18n/index.js';
import { href } from '../../router.js';
import { EffectBadge } from './effect-badge.js';
import { Findings } from './findings.js';

/** Rows that are drawn at once; more are asked for. */
const FIRST = 200;

interface ToolTableProps {
  readonly server: string;
  readonly rows: readonly ToolRow[];
  readonly chosen: ReadonlySet<string>;
  readonly onChoose: (names: ReadonlySet<string>) => void;
}

export function ToolTable({ server, rows, chosen, onChoose }: ToolTableProps) {
  const [whole, setWhole] = useState(false);
  const shown = whole ? rows : rows.slice(0, FIRST);
  const turn = (name: string, isChosen: boolean) => {
    const next = new Set(chosen);
    if (isChosen) next.add(name);
    else next.delete(name);
    onChoose(next);
  };
  return (
    <Scroll label={t('tools.list', { server })}>
      <table class="table tools">
        <thead>
          <tr>
            <th scope="col">
              <span class="visually-hidden">{t('tools.choose')}</span>
            </th>
            <th scope="col">{t('tools.tool')}</th>
            <th scope="col">{t('tools.class')}</th>
            <th scope="col">{t('tools.risk')}</th>
            <th scope="col">{t('tools.policy')}</th>
            <th scope="col" class="number">
              {t('tools.tokens')}
            </th>
            <th scope="col" class="number">
              {t('tools.calls')}
            </th>
            <th scope="col" class="number">
              {t('tools.refused')}
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={row.name}>
              <td>
                <input
                  type="checkbox"
                  aria-label={t('tools.select', { tool: printable(row.name, 100) })}
                  checked={chosen.has(row.name)}
                  onChange={({ currentTarget }) => turn(row.name, currentTarget.checked)}
                />
              </td>
              <th scope="row">
                <a href={href('/tools/:server/:tool', { server, tool: row.name })}>
                  <Value of={row.name} cap={100} />
                </a>
                {row.isChanged && (
                  <>
                    {' '}
                    <Badge kind="warn">{t('tools.changed')}</Badge>
                  </>
                )}
                <Findings findings={row.findings} />
              </th>
              <td>
                {row.class}
                <p class="hint">
                  <ToldText of={row.evidence} cap={160} />
                </p>
              </td>
              <td>
                <RiskBadge risk={row.risk} />
              </td>
              <td>
                <EffectBadge effect={row.effect} />
              </td>
              <td class="number">{numberText(row.tokens)}</td>
              <td class="number">{numberText(row.calls)}</td>
              <td class="number">{numberText(row.refused)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < rows.length && (
        <p class="row">
          <Button onClick={() => setWhole(true)}>{t('tools.more', { n: rows.length })}</Button>
        </p>
      )}
    </Scroll>
  );
}

const RISKS = ['critical', 'high', 'medium', 'low'] as const;

/** A risk by its word; the colour only underlines it. */
export function RiskBadge({ risk }: { risk: string }) {
  const known = RISKS.find((each) => each === risk);
  const kind = risk === 'critical' ? 'deny' : risk === 'high' ? 'warn' : risk === 'medium' ? 'info' : 'hide';
  return <Badge kind={kind}>{known === undefined ? printable(risk, 20) : t(`tools.risk.${known}`)}</Badge>;
}
