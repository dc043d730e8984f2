import { keptSignal } from './kept-signal.js';

/** The one policy that is edited now, shared by the screens that change it, try it and save it. */
export interface Draft {
  /** Absolute path. */
  readonly file: string;
  /** The file's text when the draft was begun; '' for a file that is not there yet. */
  readonly base: string;
  readonly text: string;
}

export const draft = keptSignal<Draft>('policy-wrap-draft', ({ file, base, text }) =>
  file !== undefined && base !== undefined && text !== undefined ? { file, base, text } : undefined,
);

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
