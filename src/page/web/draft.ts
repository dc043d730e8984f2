import { effect, signal } from '@preact/signals';

/** The one policy that is edited now, shared by the screens that change it, try it and save it. */
export interface Draft {
  /** Absolute path. */
  readonly file: string;
  /** The file's text when the draft was begun; '' for a file that is not there yet. */
  readonly base: string;
  readonly text: string;
}

const KEY = 'policy-wrap-draft';

export const draft = signal<Draft | undefined>(kept());

/** Begins a draft of a file, in the place of any other. */
export function openDraft(file: string, base: string, text = base): void {
  draft.value = { file, base, text };
}

/** Changes the draft's text. */
export function edit(text: string): void {
  if (draft.value) draft.value = { ...draft.value, text };
}

export function closeDraft(): void {
  draft.value = undefined;
}

// A page that is loaded again loses nothing.
effect(() => {
  const { value } = draft;
  try {
    if (value) sessionStorage.setItem(KEY, JSON.stringify(value));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Browsers keep some megabytes: a longer draft is edited all the same, and an old one must not come back for it.
    sessionStorage.removeItem(KEY);
  }
});

function kept(): Draft | undefined {
  try {
    const { file, base, text } = JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Partial<Draft>;
    return file !== undefined && base !== undefined && text !== undefined ? { file, base, text } : undefined;
  } catch {
    return undefined;
  }
}
