import { effect, signal } from '@preact/signals';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEPT = 'policy-wrap-theme';

export const theme = signal<Theme>(THEMES.find((each) => each === localStorage.getItem(KEPT)) ?? 'system');

effect(() => {
  localStorage.setItem(KEPT, theme.value);
  document.documentElement.dataset.theme = theme.value;
});
