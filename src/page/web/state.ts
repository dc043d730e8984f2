import { effect, signal } from '@preact/signals';
import type { Changed } from '../api-types/names.js';
import type { Overview } from '../api-types/shell.js';
import { type ApiError, api, errorOf, SIGNED_OUT } from './api.js';
import { listen } from './events.js';

/** Counted up by each change of its kind, wherever it was made. */
export const versions: Readonly<Record<Changed, { value: number }>> = {
  state: signal(0),
  policies: signal(0),
  clients: signal(0),
};

/** Whether changes are told: false while policy-wrap does not answer. */
export const connected = signal(false);

/** What the frame shows; undefined before it was loaded. */
export const overview = signal<Overview | undefined>(undefined);

/** Why nothing can be shown: this browser is not signed in, or not any more. */
export const signedOut = signal<ApiError | undefined>(undefined);

let loading = false;
let again = false;

/** Loads the overview; asked for meanwhile, once more. */
export async function loadOverview(): Promise<void> {
  again = loading;
  if (loading) return;
  loading = true;
  try {
    do {
      again = false;
      overview.value = await api.get<Overview>('/api/overview');
    } while (again as boolean);
  } catch (error) {
    const told = errorOf(error);
    // Everything else is told by the screens; that nothing answers, by the frame.
    if (told.code === SIGNED_OUT) signedOut.value = told;
  } finally {
    loading = false;
  }
}

/** Follows the changes for as long as the page is open. */
export function follow(): void {
  listen({
    opened: () => {
      connected.value = true;
      // Anything may have happened since.
      for (const version of Object.values(versions)) version.value += 1;
    },
    changed: (what) => {
      versions[what].value += 1;
    },
    closed: () => {
      connected.value = false;
    },
    // Says why.
    refused: () => void loadOverview(),
  });
  effect(() => {
    if (versions.state.value > 0) void loadOverview();
  });
}
