import { printable, spreadJson } from '../../../text/escape.js';

/** JSON from a call, token by token: parsed and written anew it could lose digits. Every line is escaped. */
export function JsonText({ of, label }: { of: string; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a long one scrolls, with the keyboard too
    <section class="json" tabIndex={0} aria-label={label}>
      <pre>
        {spreadJson(of)
          .map((line) => printable(line))
          .join('\n')}
      </pre>
    </section>
  );
}
