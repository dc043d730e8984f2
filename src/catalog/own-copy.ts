/** What a shipped policy says about getting a copy, each with what a copy says in its place. */
const ABOUT_COPIES: readonly (readonly [RegExp, string])[] = [
  [/ To do so: policy-wrap presets \S+ > my\.json\n\/\/ and then: .*/, ''],
  [
    /this is a shipped policy with example values\. To take responsibility for ([^:"]+): policy-wrap presets \S+ > my\.json, put in your own values, remove this check, and start with: [^"]*/g,
    'this policy has example values. To take responsibility for $1, put in your own values and remove this check.',
  ],
];

/**
 * The text of a shipped policy for a file of a person's own, which must not tell them to copy it.
 *
 * @param text of a preset
 */
export function ownCopy(text: string): string {
  return ABOUT_COPIES.reduce((copy, [pattern, instead]) => copy.replace(pattern, instead), text);
}
