import { useState } from 'preact/hooks';
import type { Address } from '../../api-types/shell.js';
import { api, errorOf } from '../api.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { Select } from '../components/field.js';
import { Problem } from '../components/pieces.js';
import { Value } from '../components/value.js';
import { language, speak, t } from '../i18n/index.js';
import { overview } from '../state.js';
import { theme } from '../theme.js';

/** Language, colours, and the way into another browser. */
export function Settings() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button label={t('shell.settings')} onClick={() => setOpen(true)}>
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
          <path d="M4 7h10M18 7h2M4 17h2M10 17h10M14 4v6M6 14v6" />
        </svg>
      </Button>
      {open && (
        <Dialog title={t('shell.settings')} onClose={() => setOpen(false)}>
          <Select
            label={t('shell.language')}
            value={language.value}
            options={[
              { value: 'en', text: 'English' },
              { value: 'es', text: 'Español' },
            ]}
            onChange={speak}
          />
          <Select
            label={t('shell.theme')}
            value={theme.value}
            options={[
              { value: 'system', text: t('shell.theme.system') },
              { value: 'light', text: t('shell.theme.light') },
              { value: 'dark', text: t('shell.theme.dark') },
            ]}
            onChange={(value) => {
              theme.value = value;
            }}
          />
          <OtherBrowser />
          <div class="hint">
            {t('shell.databases')}:{' '}
            {overview.value?.databases.map((path) => (
              <div key={path}>
                <Value of={path} />
              </div>
            ))}
            policy-wrap {overview.value?.version}
          </div>
          <TeamFacts />
        </Dialog>
      )}
    </>
  );
}

/** The store of a team, as whom it is looked at, and what that login may do. */
function TeamFacts() {
  const team = overview.value?.team;
  if (!team) return null;
  const roles = team.roles.map((role) => t(`team.role.${role}`)).join(', ');
  return (
    <div class="hint">
      {t('team.title', { name: team.name })}: <Value of={team.shown} />
      <div>
        {t('team.login', { login: team.login })}.{' '}
        {roles === '' ? t('team.roles.none') : t('team.roles', { roles })}
      </div>
    </div>
  );
}

function OtherBrowser() {
  const [address, setAddress] = useState<string>();
  const [error, setError] = useState<unknown>();
  const make = () => api.post<Address>('/api/address', {}).then((made) => setAddress(made.address), setError);
  return (
    <div class="field">
      <Button onClick={() => void make()}>{t('shell.other_browser')}</Button>
      {error !== undefined && <Problem error={errorOf(error)} />}
      {address !== undefined && (
        <>
          <p class="hint">{t('shell.other_browser.how')}</p>
          <code class="address">{address}</code>
        </>
      )}
    </div>
  );
}
