import { useEffect, useRef } from 'preact/hooks';
import type { Problem } from '../../../policy/read/problem.js';
import { printable } from '../../../text/escape.js';
import type { Schema } from './completion.js';
import type { Editor } from './editor.js';

export interface PolicyEditorProps {
  readonly text: string;
  readonly label: string;
  readonly isReadOnly?: boolean;
  readonly onChange?: (text: string) => void;
  readonly problems?: readonly Problem[] | undefined;
  readonly schema?: Schema | undefined;
  /** A place to go to; a new object goes there again. */
  readonly place?: { readonly line: number; readonly column: number } | undefined;
}

/** The text of a policy, with its problems in the margin and completion from our schema. Its parts are loaded with it. */
export function PolicyEditor({
  text,
  label,
  isReadOnly = false,
  onChange,
  problems,
  schema,
  place,
}: PolicyEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | undefined>(undefined);
  const latest = useRef({ text, onChange, problems, schema, place });
  latest.current = { text, onChange, problems, schema, place };
  useEffect(() => {
    let isOver = false;
    void import('./editor.js').then(({ Editor }) => {
      if (isOver || !host.current) return;
      const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: 'open' });
      editor.current = new Editor({
        root,
        label,
        isReadOnly,
        text: latest.current.text,
        onChange: (changed) => {
          latest.current.text = changed;
          latest.current.onChange?.(changed);
        },
        schema: () => latest.current.schema,
        describe: wordsOf,
      });
      editor.current.setProblems(latest.current.problems ?? []);
      const to = latest.current.place;
      if (to) editor.current.goTo(to.line, to.column);
    });
    return () => {
      isOver = true;
      editor.current?.close();
      editor.current = undefined;
    };
  }, [label, isReadOnly]);
  // Not the text of this drawing: something may have been typed since.
  useEffect(() => editor.current?.setText(latest.current.text), [text]);
  useEffect(() => editor.current?.setProblems(problems ?? []), [problems]);
  useEffect(() => {
    if (place) editor.current?.goTo(place.line, place.column);
  }, [place]);
  return <div class="editor" ref={host} />;
}

/** A finding with what to do about it, safe to read. */
function wordsOf({ message, likely, hint }: Problem): string {
  const meant = likely === undefined ? '' : ` Did you mean "${likely}"?`;
  return printable(`${message}${meant} ${hint}`.trim());
}
