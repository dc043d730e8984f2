import { t } from '../i18n/index.js';
import { overview } from '../state.js';

/** Beside the store of a team: what of a screen goes by this machine alone all the same. */
export function HereAlone({ what }: { what: 'team.here.tools' | 'team.here.tool' | 'team.here.try' }) {
  const team = overview.value?.team;
  return team ? <p class="hint">{t(what, { team: team.name })}</p> : null;
}
