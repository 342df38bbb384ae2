import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Button } from './button.tsx';

/** A modal dialog. Escape closes it. */
export function Dialog({
  title,
  children,
  onClose,
}: {
  title: string;
  children: ComponentChildren;
  onClose: () => void;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    ref.current?.showModal();
    // Returns the focus to the element that opened the dialog, if it still exists.
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog ref={ref} aria-labelledby={id} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

/** Asks before an action that cannot be undone. `children` say what will happen, and to how many items. */
export function Confirm({
  title,
  children,
  yes,
  isDangerous = false,
  isReady = true,
  onYes,
  onClose,
}: {
  title: string;
  children: ComponentChildren;
  yes: string;
  isDangerous?: boolean;
  isReady?: boolean;
  onYes: () => Promise<unknown>;
  onClose: () => void;
}) {
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <div class="actions end">
        <Button onPress={onClose}>Cancel</Button>
        <Button
          kind={isDangerous ? 'danger' : 'primary'}
          disabled={!isReady}
          onPress={async () => {
            await onYes();
            onClose();
          }}
        >
          {yes}
        </Button>
      </div>
    </Dialog>
  );
}
