import type { ComponentChildren } from 'preact';
import type { Language, Told } from '../../api-types/names.js';
import { language } from '../i18n/index.js';
import { type Shown, Value } from './value.js';

/** Marks a language that is not the page's, so that screen readers speak it as it is written. */
const markOf = (lang: Language | undefined): Language | undefined =>
  lang === language.value ? undefined : lang;

/** A text that has its language with it. */
export function ToldText({ of: { text, lang }, cap }: { of: Told; cap?: number }) {
  return (
    <span lang={markOf(lang)}>
      <Value of={text} {...(cap !== undefined && { cap })} />
    </span>
  );
}

/** A text of the commands or the policy, which is English whatever the page's language. */
export function EnglishText(value: Shown) {
  return (
    <English>
      <Value {...value} />
    </English>
  );
}

/** Around what the commands say, which they say in English. */
export function English({ children }: { children: ComponentChildren }) {
  return <span lang={markOf('en')}>{children}</span>;
}
