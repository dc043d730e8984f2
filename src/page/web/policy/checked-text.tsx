import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { ProblemHere } from '../../api-types/policy.js';
import type { Schema } from '../editor/completion.js';
import { PolicyEditor } from '../editor/policy-editor.js';
import { useResource } from '../resource.js';
import { encoded } from '../router.js';
import { Problems } from './problems.js';

interface Place {
  readonly line: number;
  readonly column: number;
}

interface CheckedTextProps {
  readonly label: string;
  readonly file: string;
  readonly text: string;
  readonly isReadOnly: boolean;
  readonly onChange: (text: string) => void;
  readonly problems: readonly ProblemHere[] | undefined;
  /** Where it opens; at the beginning when absent. */
  readonly start?: Place | undefined;
  /** What heads the problems. */
  readonly children?: ComponentChildren;
}

/** The text of a policy with its problems, in the margin and below; a problem leads to its place. */
export function CheckedText({ file, start, children, ...shown }: CheckedTextProps) {
  const schema = useResource<Schema>(`/api/policy/schema?file=${encoded(file)}`);
  const [place, setPlace] = useState(start);
  return (
    <>
      <PolicyEditor {...shown} schema={schema.data} place={place} />
      {children}
      <div aria-live="polite">
        {shown.problems && (
          <Problems
            problems={shown.problems}
            onGo={({ line, column }: Place) => setPlace({ line, column })}
          />
        )}
      </div>
    </>
  );
}
