import { printable } from '../../../../text/escape.js';
import type { ToolHere } from '../../../api-types/tools.js';
import { EnglishText, ToldText } from '../../components/told.js';
import { Value } from '../../components/value.js';
import { t } from '../../i18n/index.js';
import { href } from '../../router.js';
import { Findings } from '../tools/findings.js';
import { RiskBadge } from '../tools/tool-table.js';

/** What a tool is, on what evidence, and what people ask of it. */
export function About({ tool: here }: { tool: ToolHere }) {
  const { server, tool, description, risk, evidence, tokens, flows, findings, definition, related } = here;
  return (
    <>
      <section class="card" aria-labelledby="about">
        <h3 id="about">{t('tool.description')}</h3>
        <p>
          <Value of={description} cap={1000} lines />
        </p>
        <p>
          {here.class} <RiskBadge risk={risk} /> · {t('tool.evidence')}: <ToldText of={evidence} cap={300} />{' '}
          · {t('tool.tokens', { n: tokens })}
        </p>
        <ul>
          {Object.entries(flows).map(([flow, reason]) => (
            <li key={flow}>
              {flowText(flow)} (
              <EnglishText of={reason} cap={200} />)
            </li>
          ))}
        </ul>
        {findings.length > 0 && (
          <>
            <h4>{t('tool.findings')}</h4>
            <Findings findings={findings} />
          </>
        )}
        <details>
          <summary>{t('tool.definition')}</summary>
          <pre>
            <Value of={definition} cap={20_000} lines />
          </pre>
        </details>
      </section>
      {related.length > 0 && (
        <section class="card" aria-labelledby="related">
          <h3 id="related">{t('tool.related')}</h3>
          <ul class="row">
            {related.map((name) => (
              <li key={name}>
                <a href={href('/tools/:server/:tool', { server, tool: name })}>
                  <Value of={name} cap={100} />
                </a>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section class="card" aria-labelledby="questions">
        <h3 id="questions">{t('tool.questions')}</h3>
        <dl class="questions">
          <dt>{t('tool.q.limit', { tool: printable(tool, 100) })}</dt>
          <dd>{t('tool.a.limit')}</dd>
          <dt>{t('tool.q.block', { tool: printable(tool, 100) })}</dt>
          <dd>{t('tool.a.block')}</dd>
          <dt>{t('tool.q.ask', { tool: printable(tool, 100) })}</dt>
          <dd>{t('tool.a.ask')}</dd>
          <dt>{t('tool.q.risk', { tool: printable(tool, 100) })}</dt>
          <dd>{t('tool.a.risk', { risk: riskText(risk), class: here.class, evidence: evidence.text })}</dd>
        </dl>
      </section>
    </>
  );
}

function flowText(flow: string): string {
  const known = (['untrusted', 'private', 'secrets', 'sends'] as const).find((each) => each === flow);
  return known === undefined ? printable(flow, 40) : t(`tool.flow.${known}`);
}

function riskText(risk: string): string {
  const known = (['critical', 'high', 'medium', 'low'] as const).find((each) => each === risk);
  return known === undefined ? risk : t(`tools.risk.${known}`);
}
