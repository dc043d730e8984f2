import { t } from '../../i18n/index.js';

/** What must be typed, in the person's language; as the commands say it where they say it in another way. */
export function challengeText(label: string): string {
  const [, count, tailOf] = /^the last (\d+) characters of (.*)$/s.exec(label) ?? [];
  if (count !== undefined && tailOf !== undefined)
    return t('approve.tail', { n: Number(count), name: tailOf });
  const [, ofValue] = /^the value of (.*)$/s.exec(label) ?? [];
  if (ofValue !== undefined) return t('approve.value', { name: ofValue });
  return label === "the tool's name" ? t('approve.tool') : label;
}
