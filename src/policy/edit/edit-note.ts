/** What an edit of a tool's rules leaves, or brings along: a code with its facts, of which each language makes a sentence. */
export type EditNote =
  | { readonly code: 'hidden_already' }
  | { readonly code: 'entry_stays' }
  /** `by` is a pattern; undefined where the policy's default allows it. */
  | { readonly code: 'allowed_by'; readonly by: string | undefined; readonly already: boolean }
  | { readonly code: 'copied'; readonly pattern: string }
  | { readonly code: 'still_asks' }
  | { readonly code: 'other_limits' }
  | { readonly code: 'keeps'; readonly rules: readonly string[] };

/** Why an edit cannot be made. */
export type Impossible = { readonly code: 'refused_anyway'; readonly action: string };

/** In English, as it follows a tool's name. */
export function noteText(note: EditNote): string {
  switch (note.code) {
    case 'hidden_already':
      return 'it is hidden already';
    case 'entry_stays':
      return 'its entry stays, for when it is allowed again';
    case 'allowed_by':
      return `"${note.by ?? 'default'}" allows it${note.already ? ' already' : ''}`;
    case 'copied':
      return `the rules of "${note.pattern}", which judged it until now, are copied into an entry of its own`;
    case 'still_asks':
      return 'a person is still asked about each call';
    case 'other_limits':
      return 'its other limits hold beside this one';
    case 'keeps':
      return `it keeps its other rules: ${note.rules.join(', ')}`;
  }
}

/** In English, as it follows a tool's name. */
export function impossibleText({ action }: Impossible): string {
  return `every call of it is refused (action "${action}"), so there is nothing to limit`;
}
