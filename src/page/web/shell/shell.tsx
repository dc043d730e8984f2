import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { errorOf } from '../api.js';
import { Empty, Loading, Problem } from '../components/pieces.js';
import { Toasts } from '../components/toast.js';
import { Value } from '../components/value.js';
import { t } from '../i18n/index.js';
import { href, match, place } from '../router.js';
import { HOME, SCREENS, type Screen, type ScreenProps, WAITING } from '../screens.js';
import { connected, overview } from '../state.js';
import { Brake } from './brake.js';
import { Settings } from './settings.js';

/** The frame around every screen: the menu, the brake, and what is wrong with the connection. */
export function Shell() {
  const found = screenAt(place.value.path);
  const waiting = overview.value?.waiting ?? 0;
  const title = found ? t(found.screen.title) : t('shell.not_found');
  useEffect(() => {
    document.title = `${waiting > 0 ? `(${waiting}) ` : ''}${title} · policy-wrap`;
  }, [title, waiting]);
  return (
    <>
      <button
        type="button"
        class="skip"
        onClick={() => document.querySelector<HTMLElement>('#content')?.focus()}
      >
        {t('shell.skip')}
      </button>
      <header class="top">
        <a class="name" href={href(WAITING)}>
          {t('shell.name')}
        </a>
        <nav aria-label={t('shell.menu')}>
          {SCREENS.filter(({ menu }) => menu).map((screen) => (
            <a
              key={screen.path}
              href={href(screen.path)}
              aria-current={found?.screen === screen ? 'page' : undefined}
            >
              {t(typeof screen.menu === 'string' ? screen.menu : screen.title)}
              {screen.path === WAITING && waiting > 0 && (
                <>
                  {' '}
                  <span class="count">{waiting}</span>
                </>
              )}
            </a>
          ))}
        </nav>
        <Brake />
        <Settings />
      </header>
      {!connected.value && (
        <p class="banner bad" role="alert">
          {t('shell.offline')}
        </p>
      )}
      <TeamTrouble />
      {(overview.value?.leftAlone ?? []).map((line) => (
        <p key={line} class="banner warn">
          {t('shell.left_alone')} <Value of={line} />
        </p>
      ))}
      <main id="content" tabIndex={-1}>
        <h1>{title}</h1>
        {found ? <Content key={found.screen.path} {...found} /> : <Empty title={t('shell.not_found')} />}
      </main>
      <Toasts />
    </>
  );
}

/** While nothing is seen of the team, nobody must take an empty screen for good news. */
function TeamTrouble() {
  const problem = overview.value?.team?.problem;
  if (!problem) return null;
  return (
    <div class="banner bad" role="alert">
      <p>{t('team.silent')}</p>
      <p>
        <Value of={problem.message} lines /> {problem.hint !== undefined && <Value of={problem.hint} lines />}
      </p>
    </div>
  );
}

interface Found {
  readonly screen: Screen;
  readonly params: Readonly<Record<string, string>>;
}

function screenAt(path: string): Found | undefined {
  const wanted = path === '/' ? HOME : path;
  for (const screen of SCREENS) {
    const params = match(screen.path, wanted);
    if (params) return { screen, params };
  }
  return undefined;
}

function Content({ screen, params }: Found) {
  const [loaded, setLoaded] = useState<{ readonly Screen: ComponentType<ScreenProps> }>();
  const [error, setError] = useState<unknown>();
  const first = useRef(true);
  useEffect(() => {
    screen.load().then((Screen) => setLoaded({ Screen }), setError);
    // Whoever goes to another screen by the keyboard, or listens, goes on from its top.
    if (!first.current) document.querySelector<HTMLElement>('#content')?.focus();
    first.current = false;
  }, [screen]);
  if (error) return <Problem error={errorOf(error)} />;
  return loaded ? <loaded.Screen params={params} query={place.value.query} /> : <Loading />;
}
