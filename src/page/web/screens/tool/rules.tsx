import { useMemo, useState } from 'preact/hooks';
import { patternFor, withOwnEntry } from '../../../../advice/sentences/merge.js';
import type { Wish } from '../../../../policy/edit/edit-entry.js';
import { PolicyText } from '../../../../policy/edit/policy-text.js';
import type { Checked } from '../../../api-types/policy.js';
import type { Effects, ToolHere, Wished } from '../../../api-types/tools.js';
import { useAction } from '../../action.js';
import { Problem } from '../../components/pieces.js';
import { ToldText } from '../../components/told.js';
import { edit } from '../../draft.js';
import { t } from '../../i18n/index.js';
import { wish } from '../../policy/begin.js';
import { CheckedText } from '../../policy/checked-text.js';
import type { Chosen } from '../../policy/chosen.js';
import { DraftNotice } from '../../policy/draft-notice.js';
import { usePost } from '../../policy/post.js';
import { Wishes } from '../../policy/wishes.js';
import { Sentences } from '../../sentences/sentences.js';
import { versions } from '../../state.js';
import { EffectBadge } from '../tools/effect-badge.js';
import { About } from './about.js';
import { Patterns } from './patterns.js';
import { placeIn } from './place-in.js';

/** What the draft says of a tool, to be changed sentence by sentence or in its text, and what else there is to know. */
export function Rules({ tool: here, chosen }: { tool: ToolHere; chosen: Chosen }) {
  const { tool, arguments: args, others } = here;
  const { policy, draft } = chosen;
  const { file, text } = draft;
  // An entry under such a name would be a pattern, and judge every tool that it matches.
  const isPattern = tool.includes('*');
  const isReadOnly = isPattern || policy.extendedBy.length > 0;
  const { error, run } = useAction();
  const [done, setDone] = useState<Wished>();
  const [start] = useState(() => placeIn(text, ['tools', tool]));
  const checked = usePost<Checked>('/api/policy/check', { file, text }, 200, versions.policies.value);
  const effect = usePost<Effects>('/api/tools/effects', { file, text, tools: [tool] }, 100);
  const part = useMemo(
    () => ({ path: ['tools', tool], about: { arguments: args, tools: others } }),
    [tool, args, others],
  );
  const whole = useMemo(() => ({ path: [], about: { arguments: [], tools: [] } }), []);
  const now = effect.data?.effects?.[0];

  const set = (wanted: Wish) => run(async () => setDone(await wish(file, [tool], wanted)));

  return (
    <>
      <DraftNotice />
      <div class="beside">
        <section class="card" aria-labelledby="rules">
          <div class="row spread">
            <h3 id="rules">{t('tool.rules')}</h3>
            <div role="status">{now && <EffectBadge effect={now} />}</div>
          </div>
          {isPattern ? <p class="problem">{t('tool.star')}</p> : <Standing text={text} tool={tool} />}
          {!isReadOnly && <Wishes label={t('tool.rules')} onWish={(wanted) => void set(wanted)} />}
          {error && <Problem error={error} />}
          {done && <Told done={done} />}
          <Sentences
            text={text}
            part={part}
            isReadOnly={isReadOnly}
            onText={edit}
            prepared={(given) => withOwnEntry(given, tool)}
          />
          <h4>{t('tool.file')}</h4>
          <Sentences text={text} part={whole} isReadOnly={isReadOnly} onText={edit} />
        </section>
        <section class="card" aria-labelledby="text">
          <h3 id="text">{t('tool.json')}</h3>
          <CheckedText
            label={t('tool.json')}
            file={file}
            text={text}
            isReadOnly={isReadOnly}
            onChange={edit}
            problems={checked.data?.problems}
            start={start}
          />
        </section>
      </div>
      <Patterns tool={here} draft={draft} isReadOnly={isReadOnly} />
      <About tool={here} />
    </>
  );
}

/** Why there are no sentences of the tool's own. */
function Standing({ text, tool }: { text: string; tool: string }) {
  const document = readable(text);
  if (!document || document.at(['tools', tool]) !== undefined) return null;
  const pattern = patternFor(text, tool);
  if (pattern !== undefined) return <p class="hint">{t('tool.pattern', { pattern })}</p>;
  return <p class="hint">{t(document.at(['default']) === 'allow' ? 'tool.passes' : 'tool.unlisted')}</p>;
}

function readable(text: string): PolicyText | undefined {
  try {
    return new PolicyText(text);
  } catch {
    return undefined;
  }
}

function Told({ done: { notes, impossible } }: { done: Wished }) {
  const lines = [...impossible.map(({ why }) => why), ...notes.map(({ note }) => note)];
  if (lines.length === 0) return null;
  return (
    <ul class="notes">
      {lines.map((line) => (
        <li key={line.text}>
          <ToldText of={line} cap={400} />
        </li>
      ))}
    </ul>
  );
}
