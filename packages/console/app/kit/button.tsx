import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { ApiError } from '../lib/api.ts';
import { notify } from '../lib/notifications.ts';

interface Props {
  children: ComponentChildren;
  /** The button is busy while it runs. An error that it throws is shown as a notice. */
  onPress: () => unknown;
  kind?: 'primary' | 'danger' | 'plain';
  disabled?: boolean;
  /** For screen readers, when the visible text is not enough. */
  label?: string;
}

export function Button({ children, onPress, kind = 'plain', disabled = false, label }: Props) {
  const isBusy = useSignal(false);
  const press = async (): Promise<void> => {
    if (isBusy.value) return;
    isBusy.value = true;
    try {
      await onPress();
    } catch (error) {
      notify(error instanceof ApiError ? error.message : String(error), { isError: true });
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <button
      type="button"
      class={`button ${kind}`}
      disabled={disabled}
      aria-busy={isBusy.value}
      aria-label={label}
      onClick={() => void press()}
    >
      {children}
    </button>
  );
}
