import type { ComponentChildren, ComponentProps } from 'preact';

/** A form that is not sent anywhere. */
export function Form({
  onSend,
  children,
  ...others
}: {
  onSend: () => unknown;
  class: string;
  onKeyDown?: NonNullable<ComponentProps<'form'>['onKeyDown']>;
  children: ComponentChildren;
}) {
  return (
    <form
      {...others}
      onSubmit={(event) => {
        event.preventDefault();
        onSend();
      }}
    >
      {children}
    </form>
  );
}
