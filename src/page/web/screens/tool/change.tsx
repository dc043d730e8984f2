import type { ChangedLine, ChangeHere } from '../../../api-types/tools.js';
import { useAction } from '../../action.js';
import { api } from '../../api.js';
import { Problem, Scroll } from '../../components/pieces.js';
import { SteadyButton } from '../../components/steady-button.js';
import { toast } from '../../components/toast.js';
import { t, timeText } from '../../i18n/index.js';

/** A definition that is not the trusted one: what differs, word by word, and a button that trusts just this one. */
export function Change({ server, tool, change }: { server: string; tool: string; change: ChangeHere }) {
  const { isBusy, error, run } = useAction();
  const trust = () =>
    run(async () => {
      await api.post('/api/tool/trust', { server, tool, hash: change.hash });
      toast(t('tool.trusted', { tool }));
    });
  return (
    <section class="card warned" aria-labelledby="change">
      <h3 id="change">{t(change.isNew ? 'tool.change.new' : 'tool.change')}</h3>
      <p class="hint">{t('tool.change.since', { when: timeText(change.since) })}</p>
      <Scroll label={t('tool.change.lines')}>
        <pre class="difference">
          {change.lines.map((line, at) => (
            <Line key={`${at} ${line.part}`} line={line} before={change.lines[at - 1]} />
          ))}
        </pre>
      </Scroll>
      {error && <Problem error={error} />}
      {change.isUnpinnable || !change.isWhole ? (
        <p>{t(change.isUnpinnable ? 'tool.change.odd' : 'tool.change.long')}</p>
      ) : (
        <p>
          <SteadyButton kind="main" what={change.hash} busy={isBusy} onClick={() => void trust()}>
            {t('tool.trust')}
          </SteadyButton>
        </p>
      )}
    </section>
  );
}

const SIGNS = { gone: '- ', come: '+ ', context: '  ' } as const;
const CLASSES = { gone: 'removed', come: 'added', context: 'same' } as const;

interface LineProps {
  readonly line: ChangedLine;
  readonly before: ChangedLine | undefined;
}

/** Its text comes escaped. */
function Line({ line: { part, kind, pieces }, before }: LineProps) {
  return (
    <>
      {part !== before?.part && <span class="hunk">{`${part}\n`}</span>}
      <span class={CLASSES[kind]}>
        {SIGNS[kind]}
        {pieces.map(({ text, isMarked }, at) => {
          if (!isMarked) return <bdi key={`${at}`}>{text}</bdi>;
          return kind === 'gone' ? <del key={`${at}`}>{text}</del> : <ins key={`${at}`}>{text}</ins>;
        })}
        {'\n'}
      </span>
    </>
  );
}
