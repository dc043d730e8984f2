import { strings } from './strings.js';

/** Texts of the screen of what waits. */
export const waiting = strings({
  'waiting.title': ['Waiting', 'En espera'],
  'waiting.none': ['Nothing waits for you', 'Nada te espera'],
});
