import { useState } from 'preact/hooks';
import type { Decision } from '../../../api-types/live.js';
import { FromWhom } from '../../components/from.js';
import { JsonText } from '../../components/json-text.js';
import { Badge, Table } from '../../components/pieces.js';
import { Value } from '../../components/value.js';
import { codeText, t, timeText } from '../../i18n/index.js';
import { href } from '../../router.js';

/** The newest decisions, the newest first. */
export function Decisions({ decisions, now }: { decisions: readonly Decision[]; now: number }) {
  return (
    <section class="stack tight">
      <h2>{t('live.decisions')}</h2>
      <Table
        label={t('live.decisions')}
        heads={[t('live.when'), t('live.decision'), t('live.call'), t('live.what'), t('live.arguments')]}
      >
        {decisions.map((decision) => (
          <Row key={`${decision.at} ${decision.id} ${decision.server}`} decision={decision} now={now} />
        ))}
      </Table>
    </section>
  );
}

function Row({ decision, now }: { decision: Decision; now: number }) {
  const { at, tool, server, client, code, rule, outcome, latencyMs, observe } = decision;
  const word = t(`live.${decision.decision}`);
  return (
    <tr>
      <td class="when">{timeText(at, now)}</td>
      <td>
        <Badge kind={decision.decision}>
          {observe && decision.decision !== 'allow' ? t('live.would', { what: word }) : word}
        </Badge>
      </td>
      <th scope="row">
        <Value of={tool} cap={120} />
        <div class="hint">
          <Value of={server} cap={120} />
          {client !== undefined && ' · '}
          {client !== undefined && <Value of={client} cap={120} />}
          {decision.from && ' · '}
          {decision.from && <FromWhom from={decision.from} />}
        </div>
      </th>
      <td>
        {code !== undefined && <CodeText code={code} />} {rule !== undefined && <Value of={rule} cap={300} />}
        {decision.decision === 'allow' && outcome !== undefined && <Value of={outcome} />}{' '}
        {latencyMs !== undefined && <span class="muted">{t('live.ms', { n: latencyMs })}</span>}
        <div>
          <a
            href={href('/tools/:server/:tool', { server, tool }, { from: decision.id })}
            aria-label={t('live.rule.of', { tool: tool.slice(0, 120) })}
          >
            {t('live.rule')}
          </a>
        </div>
      </td>
      <td>
        <Arguments decision={decision} />
      </td>
    </tr>
  );
}

/** A code with what it means; one of another version stands alone. */
function CodeText({ code }: { code: string }) {
  const words = codeText(code);
  return (
    <>
      <code>{code}</code>
      {words !== undefined && ` (${words})`}
    </>
  );
}

function Arguments({ decision: { argumentNames, arguments: text } }: { decision: Decision }) {
  const [open, setOpen] = useState(false);
  if (argumentNames.length === 0) return <span class="muted">{t('live.arguments.none')}</span>;
  if (text === undefined) return <Value of={argumentNames.join(', ')} cap={200} />;
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <Value of={argumentNames.join(', ')} cap={200} />
      </summary>
      {open && <JsonText of={text} label={t('live.arguments')} />}
    </details>
  );
}
