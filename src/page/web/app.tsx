import { effect } from '@preact/signals';
import { render } from 'preact';
import { errorOf, signIn, tokenInAddress } from './api.js';
import { language } from './i18n/index.js';
import { href, place } from './router.js';
import { HOME, WAITING } from './screens.js';
import { notifyOfWaiting } from './shell/notify.js';
import { Shell } from './shell/shell.js';
import { SignedOut } from './shell/signed-out.js';
import { follow, loadOverview, overview, signedOut } from './state.js';
import './theme.js';
import { removeWorkers } from './workers.js';

effect(() => {
  document.documentElement.lang = language.value;
});

// An address of another run, typed where the page is open already, would else only change what stands behind `#`.
addEventListener('hashchange', () => {
  if (tokenInAddress() !== undefined) location.reload();
});

const root = document.querySelector('#app');
if (root) {
  try {
    // Before the address is used, and the key is heard.
    await removeWorkers();
    await signIn();
    await loadOverview();
  } catch (error) {
    signedOut.value = errorOf(error);
  }
  if (signedOut.value === undefined) {
    // What waits comes first; else what there is to see.
    if (place.value.path === '/') location.replace(href((overview.value?.waiting ?? 0) > 0 ? WAITING : HOME));
    follow();
    notifyOfWaiting();
  }
  render(<App />, root);
}

function App() {
  return signedOut.value ? <SignedOut error={signedOut.value} /> : <Shell />;
}
