import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { printable } from '../../../text/escape.js';
import type { PolicyList, PolicyRow, PolicyText } from '../../api-types/policy.js';
import { Button } from '../components/button.js';
import { Select } from '../components/field.js';
import { Empty, Loading, Problem } from '../components/pieces.js';
import { Value } from '../components/value.js';
import { type Draft, draft, openDraft } from '../draft.js';
import { t } from '../i18n/index.js';
import { useResource } from '../resource.js';
import { encoded, go, href, place } from '../router.js';

/** A policy that was chosen, with the draft of it. */
export interface Chosen {
  readonly list: PolicyList;
  readonly policy: PolicyText;
  readonly draft: Draft;
  /** Somebody else changed the file since the draft was begun. */
  readonly isConflict: boolean;
}

/** What the draft was begun with, where that is not what is on disk: a file that is not there yet. */
const begun = signal<string | undefined>(undefined);

/** Whether a draft holds something that a person would miss. */
export function isTouched(one: Draft | undefined): boolean {
  return one !== undefined && one.text !== one.base && one.text !== begun.value;
}

/** Begins a draft anew from what is on disk. */
export function beginDraft({ file, text, start }: PolicyText): void {
  begun.value = start;
  openDraft(file, text, start);
}

interface ChosenPolicyProps {
  readonly query: URLSearchParams;
  /** The one that the query names, without a choice. */
  readonly isFixed?: boolean;
  readonly children: (chosen: Chosen) => ComponentChildren;
}

/** The choice among the policies of this machine, and what stands on the draft of the chosen one. */
export function ChosenPolicy({ query, isFixed = false, children }: ChosenPolicyProps) {
  const { data: list, error, reload } = useResource<PolicyList>('/api/policies', ['policies', 'clients']);
  const row = list && (isFixed ? fixedRow(list, query) : rowOf(list, query));
  const loaded = useResource<PolicyText>(row && `/api/policy?file=${encoded(row.file)}`, ['policies']);
  const policy = loaded.data?.file === row?.file ? loaded.data : undefined;
  const current = draft.value;
  useEffect(() => {
    if (!policy || isTouched(current)) return;
    if (current?.file !== policy.file || current.base !== policy.text) beginDraft(policy);
  }, [policy, current]);
  if (!list) return error ? <Problem error={error} onAgain={reload} /> : <Loading />;
  if (!row)
    return (
      <Empty title={t('policy.none')}>
        <p>{t('policy.none.how')}</p>
        <Unclear list={list} />
      </Empty>
    );
  return (
    <div class="stack">
      {!isFixed && <Choice list={list} row={row} />}
      <Unclear list={list} />
      {loaded.error && <Problem error={loaded.error} onAgain={loaded.reload} />}
      {current && current.file !== row.file && isTouched(current) ? (
        <OtherDraft file={current.file} policy={policy} />
      ) : policy && current?.file === policy.file ? (
        <>
          {current.base !== policy.text && isTouched(current) && (
            <p class="banner bad" role="alert">
              {t('policy.conflict')}{' '}
              <a href={href('/save', {}, { policy: policy.file })}>{t('policy.conflict.see')}</a>
            </p>
          )}
          {children({ list, policy, draft: current, isConflict: current.base !== policy.text })}
        </>
      ) : (
        !loaded.error && <Loading />
      )}
    </div>
  );
}

function fixedRow({ policies }: PolicyList, query: URLSearchParams): PolicyRow | undefined {
  return policies.find(({ file }) => file === query.get('policy'));
}

function rowOf({ policies }: PolicyList, query: URLSearchParams): PolicyRow | undefined {
  const server = query.get('server');
  return (
    policies.find(({ file }) => file === query.get('policy')) ??
    policies.find(({ servers }) => server !== null && servers.includes(server)) ??
    policies.find(({ file }) => file === draft.value?.file) ??
    policies[0]
  );
}

function Choice({ list, row }: { list: PolicyList; row: PolicyRow }) {
  return (
    <div class="choice">
      <Select
        label={t('policy.choose')}
        value={row.file}
        options={list.policies.map((each) => ({ value: each.file, text: printable(nameOf(each)) }))}
        onChange={(file) => go(place.value.path, {}, { policy: file })}
      />
      <p class="muted">
        <Value of={row.file} />
        {row.state === 'new' && ` · ${t('policy.new')}`}
      </p>
    </div>
  );
}

/** The servers that a policy is for, else the name of its file. */
function nameOf({ file, servers }: PolicyRow): string {
  return servers.length > 0 ? servers.join(', ') : (file.split(/[\\/]/).at(-1) ?? file);
}

function Unclear({ list }: { list: PolicyList }) {
  if (list.unclear.length === 0) return null;
  return (
    <ul class="notes">
      {list.unclear.map(({ server, message }) => (
        <li key={server}>
          <Value of={server} />: <Value of={message} />
        </li>
      ))}
    </ul>
  );
}

function OtherDraft({ file, policy }: { file: string; policy: PolicyText | undefined }) {
  return (
    <div class="card" role="alert">
      <p>
        {t('policy.other')} <Value of={file} />
      </p>
      <div class="row">
        <Button kind="main" onClick={() => go(place.value.path, {}, { policy: file })}>
          {t('policy.other.go')}
        </Button>
        <Button kind="danger" disabled={!policy} onClick={() => policy && beginDraft(policy)}>
          {t('policy.other.drop')}
        </Button>
      </div>
    </div>
  );
}
