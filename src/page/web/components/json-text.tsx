import { useMemo } from 'preact/hooks';
import { printable, spreadJson } from '../../../text/escape.js';

/** JSON from a call, token by token: parsed and written anew it could lose digits. Every line is escaped. */
export function JsonText({ of, label }: { of: string; label: string }) {
  // A call that waits is drawn again with each second that is left to it, and its arguments may be long.
  const text = useMemo(
    () =>
      spreadJson(of)
        .map((line) => printable(line))
        .join('\n'),
    [of],
  );
  return (
    // No landmark: several calls may wait, each with its own.
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a long one scrolls, with the keyboard too
    <div class="json" role="group" tabIndex={0} aria-label={label}>
      <pre>{text}</pre>
    </div>
  );
}
