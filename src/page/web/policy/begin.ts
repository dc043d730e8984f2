import type { Wish } from '../../../policy/edit/edit-entry.js';
import type { PolicyText } from '../../api-types/policy.js';
import type { Wished } from '../../api-types/tools.js';
import { api } from '../api.js';
import { draft, edit } from '../draft.js';
import { encoded } from '../router.js';
import { beginDraft, isTouched } from './chosen.js';

/** The file of another policy with changes that are not saved; undefined where a draft of `file` can be begun. */
export function inTheWay(file: string): string | undefined {
  const current = draft.value;
  return current && current.file !== file && isTouched(current) ? current.file : undefined;
}

/**
 * The draft of a policy, begun where there is none.
 *
 * @returns its text
 * @throws ApiError
 */
async function draftOf(file: string): Promise<string> {
  const current = draft.value;
  if (current?.file === file) return current.text;
  const policy = await api.get<PolicyText>(`/api/policy?file=${encoded(file)}`);
  beginDraft(policy);
  return draft.value?.text ?? policy.start;
}

/**
 * Does with several tools what `policy-wrap allow`, `ask`, `deny`, `hide` and `limit` do, in the draft.
 *
 * @throws ApiError
 */
export async function wish(file: string, tools: readonly string[], wanted: Wish): Promise<Wished> {
  const text = await draftOf(file);
  const done = await api.post<Wished>('/api/tools/edit', { file, text, tools, wish: wanted });
  edit(done.text);
  return done;
}
