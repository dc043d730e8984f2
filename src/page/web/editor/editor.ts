import { autocompletion, type CompletionContext, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import {
  bracketMatching,
  HighlightStyle,
  indentOnInput,
  StreamLanguage,
  syntaxHighlighting,
} from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { Problem } from '../../../policy/read/problem.js';
import { keysAt, type Schema, valuesAt } from './completion.js';
import { placeAt } from './json-place.js';
import { JSONC } from './jsonc-mode.js';

export interface EditorOptions {
  /** In a shadow root, where its styles need no `<style>`: the page's content security policy has none. */
  readonly root: ShadowRoot;
  readonly text: string;
  readonly label: string;
  readonly isReadOnly: boolean;
  readonly onChange: (text: string) => void;
  readonly schema: () => Schema | undefined;
  /** What a problem is called: its message, with what to do. */
  readonly describe: (problem: Problem) => string;
}

/** An editor of a policy's text. What it does not show as a sign of its own, such as bidi controls, it shows as a mark. */
export class Editor {
  readonly #view: EditorView;
  readonly #describe: EditorOptions['describe'];
  /** The text comes from elsewhere: nobody needs to hear of it. */
  #isTaking = false;

  constructor({ root, text, label, isReadOnly, onChange, schema, describe }: EditorOptions) {
    this.#describe = describe;
    this.#view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: text,
        extensions: [
          // Line ends stay those of the file, to the byte.
          EditorState.lineSeparator.of(lineEndOf(text)),
          lineNumbers(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          highlightSpecialChars({ addSpecialChars: SPECIAL }),
          indentOnInput(),
          bracketMatching(),
          StreamLanguage.define(JSONC),
          syntaxHighlighting(COLOURS),
          lintGutter(),
          autocompletion({ override: [(context) => offers(context, schema())], icons: false }),
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
          EditorState.readOnly.of(isReadOnly),
          EditorView.contentAttributes.of({
            'aria-label': label,
            tabindex: '0',
            // It keeps the cursor: what is only read is read and copied by the keyboard too.
            ...(isReadOnly && { 'aria-readonly': 'true' }),
          }),
          EditorView.lineWrapping,
          EditorView.updateListener.of(({ docChanged, state }) => {
            if (docChanged && !this.#isTaking) onChange(state.sliceDoc());
          }),
          THEME,
        ],
      }),
    });
  }

  /** Takes a text that was changed elsewhere; the cursor stays where it can. */
  setText(text: string): void {
    const { state } = this.#view;
    const old = state.doc;
    const doc = state.toText(text);
    if (old.eq(doc)) return;
    const [before, after] = [old.toString(), doc.toString()];
    const most = Math.min(before.length, after.length);
    let from = 0;
    while (from < most && before[from] === after[from]) from += 1;
    let end = 0;
    while (end < most - from && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
    this.#isTaking = true;
    try {
      this.#view.dispatch({
        changes: { from, to: old.length - end, insert: doc.slice(from, doc.length - end) },
      });
    } finally {
      this.#isTaking = false;
    }
  }

  setProblems(problems: readonly Problem[]): void {
    const { state } = this.#view;
    const { doc } = state;
    const diagnostics = problems.map((problem): Diagnostic => {
      const line = doc.line(Math.min(Math.max(problem.line, 1), doc.lines));
      const from = Math.min(line.from + problem.column - 1, line.to);
      const length =
        /^(?:"(?:[^"\\]|\\.)*"|[\w.+-]+|.)?/.exec(line.text.slice(from - line.from))?.[0].length ?? 0;
      return {
        from,
        to: Math.min(from + length, line.to),
        severity: problem.severity,
        message: this.#describe(problem),
      };
    });
    this.#view.dispatch(setDiagnostics(state, diagnostics));
  }

  /** Puts the cursor at a place. Both count from 1. */
  goTo(line: number, column: number): void {
    const { doc } = this.#view.state;
    const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
    const anchor = Math.min(at.from + column - 1, at.to);
    this.#view.dispatch({
      selection: { anchor },
      effects: EditorView.scrollIntoView(anchor, { y: 'center' }),
    });
    this.#view.focus();
  }

  close(): void {
    this.#view.destroy();
  }
}

/** Where a file has more than one kind of line end, the carriage returns are characters of their lines. */
function lineEndOf(text: string): string {
  return text.includes('\r\n') && !/(?<!\r)\n|\r(?!\n)/.test(text) ? '\r\n' : '\n';
}

/** What nobody sees, or what turns the text around it, beyond what CodeMirror marks by itself. */
const SPECIAL = /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Co}\u2800]|(?! )\p{Z}/gu;

function offers(context: CompletionContext, schema: Schema | undefined) {
  const { state, pos, explicit } = context;
  if (!schema) return null;
  const text = state.sliceDoc();
  const at = state.sliceDoc(0, pos).length;
  const place = placeAt(text, at);
  if (!place || (!explicit && at === place.from)) return null;
  const isKey = place.kind === 'key';
  const found = isKey ? keysAt(schema, place.path, place.present) : valuesAt(schema, place.path);
  if (found.length === 0) return null;
  const back = at - place.from;
  const ahead = place.to - at;
  const needsColon = isKey && !/^\s*:/.test(text.slice(place.to));
  return {
    from: pos - back,
    to: pos + ahead,
    options: found.map((offer) => ({
      label: isKey ? JSON.stringify(offer.text) : offer.text,
      ...(offer.detail !== undefined && { info: offer.detail }),
      apply: isKey ? `${JSON.stringify(offer.text)}${needsColon ? ': ' : ''}` : offer.text,
    })),
  };
}

const COLOURS = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--accent)' },
  { tag: tags.string, color: 'var(--text)' },
  { tag: [tags.number, tags.atom], color: 'var(--info)' },
  { tag: tags.comment, color: 'var(--muted)', fontStyle: 'italic' },
]);

const THEME = EditorView.theme({
  '&': {
    color: 'var(--text)',
    backgroundColor: 'var(--surface)',
    fontSize: '0.9rem',
    border: '1px solid var(--line)',
    borderRadius: 'var(--radius)',
    maxHeight: '70vh',
  },
  '&.cm-focused': { outline: '3px solid var(--accent)', outlineOffset: '2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.5', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--text)', minHeight: '8rem' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': {
    color: 'var(--muted)',
    backgroundColor: 'var(--sunken)',
    borderRight: '1px solid var(--line)',
  },
  '.cm-activeLine, .cm-activeLineGutter': {
    backgroundColor: 'color-mix(in srgb, var(--sunken) 60%, transparent)',
  },
  '.cm-selectionBackground, &.cm-focused .cm-selectionBackground, ::selection': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 30%, transparent) !important',
  },
  '.cm-tooltip': {
    color: 'var(--text)',
    backgroundColor: 'var(--surface)',
    border: '1px solid var(--line)',
    maxWidth: 'min(40rem, 90vw)',
  },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    color: 'var(--on-accent)',
    backgroundColor: 'var(--accent)',
  },
  '.cm-specialChar': { color: 'var(--bad)' },
  // CodeMirror's own marks are pictures in addresses, which the content security policy does not load.
  '.cm-lintRange': { backgroundImage: 'none', textDecoration: 'underline wavy' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecorationColor: 'var(--bad)' },
  '.cm-lintRange-warning': { backgroundImage: 'none', textDecorationColor: 'var(--warn)' },
  '.cm-lint-marker': {
    borderRadius: '50%',
    content: '""',
    inlineSize: '0.7em',
    blockSize: '0.7em',
    margin: '0.4em auto',
  },
  '.cm-lint-marker-error': { content: '""', backgroundColor: 'var(--bad)' },
  '.cm-lint-marker-warning': { content: '""', backgroundColor: 'var(--warn)', borderRadius: '0' },
  '.cm-diagnostic': { whiteSpace: 'pre-wrap' },
});
