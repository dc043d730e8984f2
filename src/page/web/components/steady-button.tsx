import { t } from '../i18n/index.js';
import { Button, type ButtonProps } from './button.js';
import { useSteady } from './steady.js';
import { toast } from './toast.js';

/**
 * A button that lets something through. It does nothing before it has stood in its place for a moment, so that neither
 * a second click nor one that was on its way meets what has just come there.
 *
 * @param what changes when the button comes to do something else
 */
export function SteadyButton({
  what = '',
  ...props
}: Omit<ButtonProps, 'guard'> & { readonly what?: string }) {
  const { ref, isSteady, isMeant } = useSteady(what);
  const isHeld = () => {
    if (isMeant()) return false;
    toast(t('common.moved'), 'bad');
    return true;
  };
  return <Button {...props} guard={{ ref, isHeld, isOff: !isSteady }} />;
}
