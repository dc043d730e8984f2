import { useState } from 'preact/hooks';
import type { Wish } from '../../../../policy/edit/edit-entry.js';
import { printable } from '../../../../text/escape.js';
import type { Effects, ServerHere, Wished } from '../../../api-types/tools.js';
import { useAction } from '../../action.js';
import { Problem } from '../../components/pieces.js';
import { toast } from '../../components/toast.js';
import { English, ToldText } from '../../components/told.js';
import { Value } from '../../components/value.js';
import { draft } from '../../draft.js';
import { t } from '../../i18n/index.js';
import { inTheWay, wish } from '../../policy/begin.js';
import { beginningText } from '../../policy/beginning.js';
import { OtherDraft } from '../../policy/draft-notice.js';
import { usePost } from '../../policy/post.js';
import { ReadTools } from './read-tools.js';
import { type Look, sought, sumOf } from './rows.js';
import { SumText } from './sum-text.js';
import { ToolTable } from './tool-table.js';
import { Toolbar } from './toolbar.js';

/** One server: where it is known from, and its tools. */
export function ServerTools({ server: here, look }: { server: ServerHere; look: Look }) {
  const { server, policy, tools, running, entries, from } = here;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const { error, run } = useAction();
  const [done, setDone] = useState<Wished>();
  const [blocked, setBlocked] = useState<string>();
  const current = draft.value;
  const isDrafted =
    policy.kind !== 'unclear' && current?.file === policy.file && current.text !== policy.text;
  const drafted = usePost<Effects>(
    '/api/tools/effects',
    isDrafted ? { file: current.file, text: current.text, tools: tools.map(({ name }) => name) } : undefined,
    100,
  );
  const effects = isDrafted ? drafted.data?.effects : undefined;
  const rows = sought(
    tools.map((row, at) => ({ ...row, effect: effects?.[at] ?? row.effect })),
    look,
  );
  const names = rows.filter(({ name }) => chosen.has(name)).map(({ name }) => name);

  const set = async (wanted: Wish) => {
    if (policy.kind === 'unclear') return;
    setDone(undefined);
    const other = inTheWay(policy.file);
    setBlocked(other);
    await run(async () => {
      if (other !== undefined) return;
      const result = await wish(policy.file, names, wanted);
      setDone(result);
      toast(t('tools.drafted', { n: names.length - result.impossible.length }));
    });
  };

  return (
    <section class="card" aria-label={printable(server)}>
      <div class="row spread">
        <h2>
          <Value of={server} cap={80} />
        </h2>
        {tools.length > 0 && <SumText sum={sumOf(tools, effects)} />}
      </div>
      <p class="hint">
        {t('tools.running', { n: running })}
        {entries.length > 0 && !entries.some(({ isWrapped }) => isWrapped) && ` · ${t('tools.unwrapped')}`}
        {' · '}
        {t(`tools.from.${from}`)}
        {entries.map(({ client, name, path }) => (
          <span key={`${path} ${name}`}>
            {' · '}
            <Value of={`${client}: ${name}`} cap={120} />
          </span>
        ))}
      </p>
      {policy.kind === 'unclear' ? (
        <p class="problem">
          <English>
            <Value of={policy.message} cap={600} />{' '}
            {policy.hint !== undefined && <Value of={policy.hint} cap={600} />}
          </English>
        </p>
      ) : (
        <p class="hint">
          {t('tools.policy')}: <Value of={policy.file} cap={300} />
          {policy.from && ` · ${beginningText(policy.from)}`}
        </p>
      )}
      <ReadTools server={here} />
      {tools.length > 0 && policy.kind !== 'unclear' && (
        <Toolbar rows={rows} chosen={names} onChoose={setChosen} onWish={(wanted) => void set(wanted)} />
      )}
      {blocked !== undefined && <OtherDraft file={blocked} onDropped={() => setBlocked(undefined)} />}
      {error && <Problem error={error} />}
      {done && <Told done={done} />}
      {tools.length > 0 && <ToolTable server={server} rows={rows} chosen={chosen} onChoose={setChosen} />}
    </section>
  );
}

/** What an edit leaves as it is, tool by tool. */
function Told({ done: { notes, impossible } }: { done: Wished }) {
  const lines = [...impossible.map(({ tool, why }) => ({ tool, note: why })), ...notes].slice(0, 20);
  if (lines.length === 0) return null;
  return (
    <ul class="notes">
      {lines.map(({ tool, note }) => (
        <li key={`${tool} ${note.text}`}>
          <Value of={tool} cap={200} />: <ToldText of={note} cap={400} />
        </li>
      ))}
    </ul>
  );
}
