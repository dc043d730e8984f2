import { useId, useState } from 'preact/hooks';
import type { WaitingCall } from '../../../api-types/waiting.js';
import { useAction } from '../../action.js';
import { api } from '../../api.js';
import { Button } from '../../components/button.js';
import { Check, TextField } from '../../components/field.js';
import { Form } from '../../components/form.js';
import { FromWhom } from '../../components/from.js';
import { JsonText } from '../../components/json-text.js';
import { Badge, Problem } from '../../components/pieces.js';
import { SteadyButton } from '../../components/steady-button.js';
import { toast } from '../../components/toast.js';
import { ToldText } from '../../components/told.js';
import { Value } from '../../components/value.js';
import { spanText, t, timeText } from '../../i18n/index.js';
import { href } from '../../router.js';
import { overview } from '../../state.js';
import { challengeText } from './challenge-text.js';
import { Compared } from './compared.js';
import { begin, FurtherFields, type FurtherForm, typedOf } from './further.js';

interface WaitingCardProps {
  readonly call: WaitingCall;
  readonly now: number;
  readonly onDecided: () => void;
}

/** One call that waits, with all that a person needs to decide. */
export function WaitingCard({ call, now, onDecided }: WaitingCardProps) {
  const id = useId();
  return (
    <article class={call.challenge === undefined ? 'card call' : 'card call severe'} aria-labelledby={id}>
      <header class="row spread">
        <h2 id={id}>
          <Value of={call.tool} />
        </h2>
        {call.challenge !== undefined && <Badge kind="deny">{t('waiting.severe')}</Badge>}
      </header>
      <Facts call={call} now={now} />
      <section class="stack tight">
        <h3>{t('waiting.arguments')}</h3>
        <JsonText of={call.arguments ?? '{}'} label={t('waiting.arguments')} />
      </section>
      <Compared comparison={call.comparison} />
      <Decision call={call} onDecided={onDecided} />
    </article>
  );
}

function Facts({ call, now }: { call: WaitingCall; now: number }) {
  const { client } = call;
  return (
    <dl class="facts">
      <dt>{t('waiting.why')}</dt>
      <dd>
        <ToldText of={call.reason} />
      </dd>
      <dt>{t('waiting.rule')}</dt>
      <dd>
        <a
          href={href('/tools/:server/:tool', { server: call.server, tool: call.tool })}
          aria-label={t('waiting.rule.of', { rule: call.rule, tool: call.tool.slice(0, 120) })}
        >
          <Value as="code" of={call.rule} />
        </a>
      </dd>
      <dt>{t('waiting.server')}</dt>
      <dd>
        <Value of={call.server} />
      </dd>
      {call.from && (
        <>
          <dt>{t('team.from')}</dt>
          <dd>
            <FromWhom from={call.from} />
          </dd>
        </>
      )}
      <dt>{t('waiting.client')}</dt>
      <dd>
        {client ? (
          <Value of={`${client.name} ${client.version ?? ''}`.trim()} cap={200} />
        ) : (
          t('waiting.unknown')
        )}
      </dd>
      {call.grant !== 'default' && (
        <>
          <dt>{t('waiting.grant')}</dt>
          <dd>
            <Value of={call.grant} />
          </dd>
        </>
      )}
      <dt>{t('waiting.asked')}</dt>
      <dd>{timeText(call.askedAt, now)}</dd>
      <dt>{t('waiting.expires')}</dt>
      <dd>
        {timeText(call.expiresAt, now)} ({t('waiting.expires.in', { time: spanText(call.expiresAt - now) })})
      </dd>
    </dl>
  );
}

function Decision({ call, onDecided }: { call: WaitingCall; onDecided: () => void }) {
  const [typed, setTyped] = useState('');
  const [further, setFurther] = useState<FurtherForm>();
  const [reason, setReason] = useState<string>();
  const { isBusy, error, run } = useAction();
  const decide = (path: string, body: object, said: (answer: { expiresAt?: number }) => string) =>
    run(async () => {
      toast(said(await api.post(path, { id: call.id, ...body })));
      onDecided();
    });
  const approve = () =>
    decide(
      '/api/waiting/approve',
      {
        shown: call.shown,
        ...(call.challenge !== undefined && { typed, locale: navigator.language }),
        ...(further && { further: typedOf(further) }),
      },
      ({ expiresAt = 0 }) => t('approve.done', { tool: call.tool, time: spanText(expiresAt - Date.now()) }),
    );
  const team = overview.value?.team;
  const rejecting = call.canReject ? (
    <Button kind="danger" busy={isBusy} onClick={() => setReason(reason === undefined ? '' : undefined)}>
      {t('reject.do')}…
    </Button>
  ) : (
    <p class="hint">{t('team.no_reject', { team: team?.name ?? '' })}</p>
  );
  const reject = () =>
    decide('/api/waiting/reject', { shown: call.shown, reason: reason ?? '' }, () =>
      t('reject.done', { tool: call.tool }),
    );
  return (
    <div class="stack tight decision">
      {call.canApprove && !call.lacksRole ? (
        <Form
          class="stack tight"
          onSend={approve}
          onKeyDown={(event) => {
            // What is typed about further calls is ended with Enter by habit: that must not approve them.
            if (event.key === 'Enter' && isOfFurther(event.target)) event.preventDefault();
          }}
        >
          <FurtherFields
            call={call}
            form={further}
            onChange={setFurther}
            toggle={
              <Check
                label={t('approve.also')}
                checked={further !== undefined}
                onChange={(on) => setFurther(on ? begin(call) : undefined)}
              />
            }
          />
          {call.challenge !== undefined && (
            <TextField
              label={t('approve.type', { what: challengeText(call.challenge) })}
              value={typed}
              onInput={setTyped}
            />
          )}
          <div class="row">
            <SteadyButton
              kind="main"
              submit
              busy={isBusy}
              disabled={call.challenge !== undefined && typed.trim() === ''}
            >
              {further ? t('approve.with', { calls: further.calls }) : t('approve.once')}
            </SteadyButton>
            {rejecting}
          </div>
        </Form>
      ) : (
        <>
          <p>
            {call.canApprove
              ? t('team.no_approver', { team: team?.name ?? '', login: team?.login ?? '' })
              : t('approve.only_client')}
          </p>
          <div class="row">{rejecting}</div>
        </>
      )}
      {reason !== undefined && (
        <Form class="stack tight" onSend={reject}>
          <TextField label={t('reject.reason')} value={reason} onInput={setReason} />
          <div class="row">
            <Button kind="danger" submit busy={isBusy}>
              {t('reject.confirm')}
            </Button>
            <Button onClick={() => setReason(undefined)}>{t('common.cancel')}</Button>
          </div>
        </Form>
      )}
      {error && <Problem error={error} />}
    </div>
  );
}

/** The box for further calls, and what is typed once it is ticked. */
const isOfFurther = (target: EventTarget | null): boolean =>
  target instanceof HTMLInputElement && target.closest('.check, .further') !== null;
