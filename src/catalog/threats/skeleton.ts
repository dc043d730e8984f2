import { wordsApart } from '../words.js';

/** What is left of a name when writing, case and what only looks different are taken off: `read-file` is `readFile`. */
export const skeleton = (name: string): string => wordsApart(name.slice(0, 1000)).join('');
