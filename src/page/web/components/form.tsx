import type { ComponentChildren, ComponentProps } from 'preact';

interface FormProps {
  readonly onSend: () => unknown;
  readonly class: string;
  readonly onKeyDown?: NonNullable<ComponentProps<'form'>['onKeyDown']>;
  readonly children: ComponentChildren;
}

/** A form that is not sent anywhere. */
export function Form({ onSend, children, ...others }: FormProps) {
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
