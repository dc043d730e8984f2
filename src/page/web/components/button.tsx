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
  /** Given by what decides anew at each press whether it counts (see steady-button.tsx). */
  readonly guard?: Guard;
  readonly children: ComponentChildren;
}

export interface Guard {
  readonly ref: { current: HTMLButtonElement | null };
  readonly isOff: boolean;
  readonly isHeld: () => boolean;
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
  guard,
  children,
}: ButtonProps) {
  return (
    <button
      {...(guard && { ref: guard.ref, 'aria-disabled': guard.isOff })}
      type={submit ? 'submit' : 'button'}
      class={kind === 'link' ? 'link' : `button ${kind}`}
      disabled={disabled}
      aria-busy={busy}
      aria-label={label}
      aria-pressed={pressed}
      onClick={(event) => {
        // A form is sent by a click of its button, also when Enter is pressed in a field.
        if (busy || guard?.isHeld()) event.preventDefault();
        else onClick?.();
      }}
    >
      {children}
    </button>
  );
}
