import type { ComponentType } from 'preact';
import type { PlainKey } from './i18n/index.js';

export interface ScreenProps {
  /** What stands in the path: `/tools/:server/:tool`. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

/** One screen. */
export interface Screen {
  readonly path: string;
  readonly title: PlainKey;
  /** How the menu names it, where its title is long; false where it does not. */
  readonly menu: boolean | PlainKey;
  readonly load: () => Promise<ComponentType<ScreenProps>>;
}

/** What is shown first where nothing waits. */
export const HOME = '/tools';
export const WAITING = '/waiting';

/** Every screen, in the order of the menu: a new one is a folder in `screens/` and a row here. */
export const SCREENS: readonly Screen[] = [
  {
    path: WAITING,
    title: 'waiting.title',
    menu: true,
    load: async () => (await import('./screens/waiting/index.js')).Waiting,
  },
  {
    path: '/tools',
    title: 'tools.title',
    menu: true,
    load: async () => (await import('./screens/tools/index.js')).Tools,
  },
  {
    path: '/tools/:server/:tool',
    title: 'tool.title',
    menu: false,
    load: async () => (await import('./screens/tool/index.js')).Tool,
  },
  {
    path: '/live',
    title: 'live.title',
    menu: true,
    load: async () => (await import('./screens/live/index.js')).Live,
  },
  {
    path: '/file',
    title: 'file.title',
    menu: 'file.menu',
    load: async () => (await import('./screens/file/index.js')).File,
  },
  {
    path: '/try',
    title: 'try.title',
    menu: true,
    load: async () => (await import('./screens/try/index.js')).Try,
  },
  {
    path: '/impact',
    title: 'impact.title',
    menu: true,
    load: async () => (await import('./screens/impact/index.js')).ImpactScreen,
  },
  {
    path: '/paste',
    title: 'paste.title',
    menu: true,
    load: async () => (await import('./screens/paste/index.js')).Paste,
  },
  {
    path: '/save',
    title: 'save.title',
    menu: true,
    load: async () => (await import('./screens/save/index.js')).Save,
  },
];
