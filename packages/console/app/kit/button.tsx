import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { ApiError } from '../lib/api.ts';
import { notify } from '../lib/say.ts';

interface Props {
  children: ComponentChildren;
  /** While it runs the button is busy; what it throws is shown. */
  onPress: () => unknown;
  kind?: 'primary' | 'danger' | 'plain';
  disabled?: boolean;
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
