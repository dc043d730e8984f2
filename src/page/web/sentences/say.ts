import { t } from '../i18n/index.js';
import type { Say } from './words.js';

/** The page's language, for the words of sentences: what no value is given for stays in braces. */
export const say = t as unknown as Say;
