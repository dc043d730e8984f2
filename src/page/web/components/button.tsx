import type { ComponentChildren } from 'preact';

export interface ButtonProps {
  readonly kind?: 'plain' | 'main' | 'danger' | 'link';
  readonly onClick?: () => void;
  /** Something is under way: it cannot be pressed again. */
  readonly busy?: boolean | undefined;
  readonly disabled?: boolean | undefined;
  readonly submit?: boolean;
  /** What it does, where its words alone do not say. */
  readonly label?: string | undefined;
  readonly pressed?: boolean | undefined;
  readonly children: ComponentChildren;
}

/** A button. One that is busy keeps the focus. */
export function Button({
  kind = 'plain',
  onClick,
  busy,
  disabled,
  submit,
  label,
  pressed,
  children,
}: ButtonProps) {
  return (
    <button
      type={submit ? 'submit' : 'button'}
      class={kind === 'link' ? 'link' : `button ${kind}`}
      disabled={disabled}
      aria-busy={busy}
      aria-label={label}
      aria-pressed={pressed}
      onClick={() => {
        if (!busy) onClick?.();
      }}
    >
      {children}
    </button>
  );
}
