import { useState } from 'preact/hooks';
import type { Read, ServerHere } from '../../../api-types/tools.js';
import { useAction } from '../../action.js';
import { api } from '../../api.js';
import { Button } from '../../components/button.js';
import { Problem } from '../../components/pieces.js';
import { toast } from '../../components/toast.js';
import { Value } from '../../components/value.js';
import { t } from '../../i18n/index.js';

interface ReadToolsProps {
  readonly server: ServerHere;
}

/** Starts the server once, when somebody asks for it, and says what that is. */
export function ReadTools({ server: { server, command, start, variables, unstartable } }: ReadToolsProps) {
  const { isBusy, error, run } = useAction();
  const [leftOut, setLeftOut] = useState<readonly string[]>([]);
  if (command === undefined) return null;
  const read = () =>
    run(async () => {
      const found = await api.post<Read>('/api/servers/read', { server, start });
      setLeftOut(found.leftOut);
      toast(t('tools.read.done', { n: found.tools }));
    });
  return (
    <>
      <div class="row">
        <Button busy={isBusy} disabled={unstartable !== undefined} onClick={() => void read()}>
          {t('tools.read')}
        </Button>
        <span class="hint">
          {unstartable === undefined ? t('tools.read.what') : <Value of={unstartable} cap={200} />}{' '}
          <Value as="code" of={command} cap={200} />
          {variables.length > 0 && ` ${t('tools.read.with', { names: variables.join(', ') })}`}
        </span>
      </div>
      {leftOut.length > 0 && (
        <ul class="notes">
          {leftOut.slice(0, 20).map((what) => (
            <li key={what}>{t('tools.read.left', { what })}</li>
          ))}
        </ul>
      )}
      {error && <Problem error={error} />}
    </>
  );
}
