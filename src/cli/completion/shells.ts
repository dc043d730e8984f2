import { BASH } from './bash.js';
import { FISH } from './fish.js';
import { POWERSHELL } from './powershell.js';
import type { Shell } from './shell.js';
import { ZSH } from './zsh.js';

export const SHELLS = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
  powershell: POWERSHELL,
} as const satisfies Readonly<Record<string, Shell>>;

export type ShellName = keyof typeof SHELLS;
