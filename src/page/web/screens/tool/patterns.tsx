import { useMemo } from 'preact/hooks';
import { merged, withOwnEntry } from '../../../../advice/sentences/merge.js';
import { sentencesIn } from '../../../../advice/sentences/read.js';
import type { JsonObject } from '../../../../json/value.js';
import { printable } from '../../../../text/escape.js';
import type { PatternHere, Patterns as PatternsAnswer, ToolHere } from '../../../api-types/tools.js';
import { Button } from '../../components/button.js';
import { Badge, Problem } from '../../components/pieces.js';
import { English, EnglishText, ToldText } from '../../components/told.js';
import { type Draft, edit } from '../../draft.js';
import { t } from '../../i18n/index.js';
import { patternTexts } from '../../i18n/patterns.js';
import { usePost } from '../../policy/post.js';
import { say } from '../../sentences/say.js';
import { sentenceText } from '../../sentences/words.js';

export interface PatternsProps {
  readonly tool: ToolHere;
  readonly draft: Draft;
  readonly isReadOnly: boolean;
}

/** What the tool is open to under the draft, and the rules that counter it: one press each. */
export function Patterns({ tool: here, draft: { file, text }, isReadOnly }: PatternsProps) {
  const { server, tool, rule } = here;
  const answer = usePost<PatternsAnswer>('/api/tool/patterns', { server, tool, file, text }, 250);
  const put = (part: JsonObject, own?: string) => {
    const next = mergedOr(text, part, own);
    if (next !== undefined) edit(next);
  };
  return (
    <>
      <section class="card" aria-labelledby="why">
        <h3 id="why">{t('tool.why')}</h3>
        {answer.error && <Problem error={answer.error} />}
        {answer.data?.patterns.length === 0 && <p class="muted">{t('tool.why.none')}</p>}
        <ul class="patterns">
          {answer.data?.patterns.map((pattern) => (
            <Pattern key={pattern.id} pattern={pattern} isReadOnly={isReadOnly} onPut={put} />
          ))}
        </ul>
      </section>
      <Recommended text={text} tool={tool} rule={rule} isReadOnly={isReadOnly} onPut={put} />
    </>
  );
}

/** @param own a tool that is to have an entry, which lists it where nothing was said of it */
function mergedOr(text: string, part: JsonObject, own?: string): string | undefined {
  try {
    return merged(own === undefined ? text : withOwnEntry(text, own), part);
  } catch {
    // The text is no JSON at the moment, which stands beside it.
    return undefined;
  }
}

const BADGES = { countered: 'allow', partly: 'warn', open: 'deny', 'not seen': 'info' } as const;

interface PatternProps {
  readonly pattern: PatternHere;
  readonly isReadOnly: boolean;
  readonly onPut: (part: JsonObject) => void;
}

function Pattern({
  pattern: { id, title: name, why, rule: counter, leaves: left, state, by, passes, part, needsYou },
  isReadOnly,
  onPut,
}: PatternProps) {
  const isOpen = state === 'open' || state === 'partly';
  const { said, lang } = patternTexts(id, { title: name, rule: counter, leaves: left });
  const { title, rule, leaves } = said;
  return (
    <li>
      <div class="row spread">
        <h4>
          <ToldText of={{ text: title, lang }} />{' '}
          <Badge kind={BADGES[state]}>{t(`tool.state.${state}`)}</Badge>
        </h4>
        {isOpen && part && !isReadOnly && (
          <Button label={t('tool.counter.what', { pattern: title })} onClick={() => onPut(part)}>
            {t('tool.counter')}
          </Button>
        )}
      </div>
      <p>
        <EnglishText of={why} cap={300} />
      </p>
      {passes.length > 0 && isOpen && (
        <p>
          {t('tool.passes.still')} <English>{printable(passes.join('; '))}</English>
        </p>
      )}
      {by.length > 0 && (
        <p class="hint">
          <code>{t('tool.by', { rule: by.map((rule) => printable(rule, 200)).join(', ') })}</code>
        </p>
      )}
      <p class="hint">
        <ToldText of={{ text: rule, lang }} cap={600} />
      </p>
      <p class="hint">
        {t('tool.leaves')} <ToldText of={{ text: leaves, lang }} />
      </p>
      {needsYou && isOpen && <p class="hint">{t('tool.needs')}</p>}
    </li>
  );
}

interface RecommendedProps {
  readonly text: string;
  readonly tool: string;
  readonly rule: JsonObject;
  readonly isReadOnly: boolean;
  readonly onPut: (part: JsonObject, own: string) => void;
}

/** The rule that counters what the tool opens by itself. */
function Recommended({ text, tool, rule, isReadOnly, onPut }: RecommendedProps) {
  const part = useMemo(() => ({ tools: { [tool]: rule } }), [tool, rule]);
  const lines = useMemo(() => {
    const path = ['tools', tool];
    const reading = sentencesIn(JSON.stringify(part), { path, about: { arguments: [], tools: [] } });
    return reading?.sentences ?? [];
  }, [part, tool]);
  const isThere = useMemo(() => mergedOr(text, part, tool) === text, [text, part, tool]);
  return (
    <section class="card" aria-labelledby="recommended">
      <h3 id="recommended">{t('tool.recommended')}</h3>
      <ul>
        {lines.map((sentence) => (
          <li key={sentence.path.join('/')}>{printable(sentenceText(sentence, say), 400)}</li>
        ))}
      </ul>
      {isThere ? (
        <p class="muted">{t('tool.recommended.there')}</p>
      ) : (
        !isReadOnly && (
          <p>
            <Button onClick={() => onPut(part, tool)}>{t('tool.recommended.add')}</Button>
          </p>
        )
      )}
    </section>
  );
}
