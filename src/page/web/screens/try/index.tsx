import { useState } from 'preact/hooks';
import { printable } from '../../../../text/escape.js';
import type { RecordedCall, Tried } from '../../../api-types/trying.js';
import { useAction } from '../../action.js';
import { api } from '../../api.js';
import { Button } from '../../components/button.js';
import { Select, TextField } from '../../components/field.js';
import { Form } from '../../components/form.js';
import { HereAlone } from '../../components/here-alone.js';
import { Badge, type BadgeKind, Problem } from '../../components/pieces.js';
import { ToldText } from '../../components/told.js';
import { Value } from '../../components/value.js';
import { t, timeText } from '../../i18n/index.js';
import { type Chosen, ChosenPolicy } from '../../policy/chosen.js';
import { Keep } from './keep.js';
import type { Question } from './question.js';
import { Recorded } from './recorded.js';

/** A call by hand or from the log, and how the draft decides it, rule by rule. */
export function Try({ query }: { query: URLSearchParams }) {
  return (
    <ChosenPolicy query={query}>
      {(chosen) => <Trying key={chosen.policy.file} {...chosen} tool={query.get('tool') ?? ''} />}
    </ChosenPolicy>
  );
}

function Trying({ policy, draft, tool: asked }: Chosen & { tool: string }) {
  const servers = policy.servers.length > 0 ? policy.servers : [nameOfFile(policy.file)];
  const [question, setQuestion] = useState<Question>({
    server: servers[0] ?? '',
    tool: asked,
    args: '{}',
    env: {},
  });
  const [answer, setAnswer] = useState<{
    readonly tried: Tried;
    readonly question: Question;
    readonly text: string;
  }>();
  const { isBusy, error, run } = useAction();
  const { server, tool, args, env } = question;
  const change = (part: Partial<Question>) => setQuestion({ ...question, ...part });
  const ask = async (about: Question) => {
    const isAnswered = await run(async () => {
      const tried = await api.post<Tried>('/api/try', { file: draft.file, text: draft.text, ...about });
      setAnswer({ tried, question: about, text: draft.text });
    });
    if (!isAnswered) setAnswer(undefined);
  };
  const use = (call: RecordedCall) => {
    const about = { ...question, tool: call.tool, args: call.args ?? argsOf(call.names) };
    setQuestion(about);
    void ask(about);
  };
  return (
    <>
      <section class="card" aria-labelledby="the-call">
        <h2 id="the-call">{t('try.call')}</h2>
        <HereAlone what="team.here.try" />
        <Form class="stack" onSend={() => ask(question)}>
          <div class="fields">
            {servers.length > 1 && (
              <Select
                label={t('try.server')}
                value={server}
                options={servers.map((value) => ({ value, text: printable(value) }))}
                onChange={(value) => change({ server: value })}
              />
            )}
            <TextField label={t('try.tool')} value={tool} onInput={(value) => change({ tool: value })} />
          </div>
          <TextField
            label={t('try.args')}
            value={args}
            multiline
            onInput={(value) => change({ args: value })}
          />
          {answer?.tried.variables.map((name) => (
            <TextField
              key={name}
              label={t('try.env', { name })}
              hint={t('try.env.hint')}
              value={env[name] ?? ''}
              onInput={(value) => {
                const { [name]: _old, ...others } = env;
                change({ env: value === '' ? others : { ...others, [name]: value } });
              }}
            />
          ))}
          <div>
            <Button kind="main" submit busy={isBusy} disabled={tool === ''}>
              {t('try.do')}
            </Button>
          </div>
        </Form>
        <div aria-live="polite" class="stack">
          {error && <Problem error={error} />}
          {answer && <Answer tried={answer.tried} />}
        </div>
        {answer && policy.extendedBy.length === 0 && (
          <Keep file={draft.file} text={answer.text} question={answer.question} fresh={answer.tried.fresh} />
        )}
      </section>
      <Recorded server={server} onUse={use} />
    </>
  );
}

const nameOfFile = (file: string): string =>
  file
    .split(/[\\/]/)
    .at(-1)
    ?.replace(/\.json$/, '') ?? file;

/** Where the log holds names alone: a text to be filled in. */
function argsOf(names: readonly string[]): string {
  return `{\n${names.map((name) => `  ${JSON.stringify(name)}: null`).join(',\n')}\n}`;
}

const KINDS: Readonly<Record<Tried['decision'], BadgeKind>> = {
  allow: 'allow',
  deny: 'deny',
  hide: 'hide',
  ask: 'ask',
};
const MARKS: Readonly<Record<Tried['trace'][number]['result'], BadgeKind>> = {
  passes: 'allow',
  stops: 'deny',
  asks: 'ask',
};

function Answer({ tried }: { tried: Tried }) {
  const { decision, code, rule, why, retryAt, trace, hint } = tried;
  return (
    <div class="stack" data-testid="answer">
      <h3>{t('try.comes_to')}</h3>
      <p class="result">
        <Badge kind={KINDS[decision]}>{t(`try.${decision}`)}</Badge>{' '}
        {code !== undefined && <code>{code}</code>}{' '}
        {rule !== undefined && <Value as="code" of={rule} cap={300} />}
      </p>
      <p>
        <ToldText of={why} cap={1000} />{' '}
        {retryAt !== undefined && t('try.again_at', { time: timeText(retryAt) })}
      </p>
      {hint !== undefined && (
        <p class="hint">
          <ToldText of={hint} cap={600} />
        </p>
      )}
      <h3>{t('try.trace')}</h3>
      <ol class="trace">
        {trace.map(({ look, rule: at, result, text }, index) => (
          <li key={index}>
            <Badge kind={MARKS[result]}>{t(`try.${result}`)}</Badge> <strong>{look}</strong>{' '}
            <Value as="code" of={at} cap={300} /> <ToldText of={text} cap={1000} />
          </li>
        ))}
      </ol>
    </div>
  );
}
