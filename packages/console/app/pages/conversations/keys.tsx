import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { go } from '../../lib/router.ts';
import { readStored, store } from '../../lib/storage.ts';
import { linkTo } from './row.tsx';

const keysOn = signal(readStored('keys') !== 'off');
const isHelpOpen = signal(false);

const SHORTCUTS: readonly [key: string, what: string][] = [
  ['j or ↓', 'next chat in the list (↓ while the list has the focus)'],
  ['k or ↑', 'previous chat'],
  ['Enter', 'open the chat, or send the message'],
  ['Shift + Enter', 'new line in the message'],
  ['r', 'write a message'],
  ['Esc', 'leave the message, then the chat'],
  ['?', 'show this list'],
];

/** The chat whose row has the focus, or should get it back. */
let focusedId: string | undefined;

/** Gives the focus back to a row that lost it because the list changed or the chat was closed. */
export function restoreFocus(): void {
  if (focusedId === undefined || document.activeElement !== document.body) return;
  rows()
    .find(({ dataset }) => dataset['chat'] === focusedId)
    ?.focus({ preventScroll: true });
}

/** The keyboard shortcuts of this page. They are off while somebody types and while a dialog is open. */
export function useKeys(openId: string | undefined): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (isForElement(event)) return;
      if (runKey(event, openId)) event.preventDefault();
    };
    const focus = ({ target }: FocusEvent): void => {
      focusedId = (target as Element).closest<HTMLElement>('.chat-row')?.dataset['chat'];
    };
    addEventListener('keydown', press);
    addEventListener('focusin', focus);
    return () => {
      removeEventListener('keydown', press);
      removeEventListener('focusin', focus);
    };
  }, [openId]);
}

function isForElement(event: KeyboardEvent): boolean {
  const { target } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
    return true;
  if (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  )
    return true;
  return document.querySelector('dialog[open]') !== null;
}

/** Runs the shortcut of a key. Returns whether there is one. */
function runKey({ key, target }: KeyboardEvent, openId: string | undefined): boolean {
  if (key === 'Escape' && closeMenu()) return true;
  if (key === 'Escape' && openId !== undefined) {
    // Its row gets the focus when the chat is closed.
    focusedId = openId;
    go(linkTo(undefined));
    return true;
  }
  const isInList = target instanceof Element && target.closest('.chat-list-rows') !== null;
  if (isInList && key === 'ArrowDown') return focusNext(1, openId);
  if (isInList && key === 'ArrowUp') return focusNext(-1, openId);
  if (!keysOn.value) return false;
  if (key === 'j') return focusNext(1, openId);
  if (key === 'k') return focusNext(-1, openId);
  if (key === '?') return (isHelpOpen.value = true);
  const field = document.querySelector<HTMLTextAreaElement>('#composer');
  if (key !== 'r' || field === null) return false;
  field.focus();
  return true;
}

/** Returns whether a menu was open. */
function closeMenu(): boolean {
  const menu = document.querySelector<HTMLDetailsElement>('.chat-more[open]');
  if (menu === null) return false;
  menu.open = false;
  menu.querySelector('summary')?.focus();
  return true;
}

const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('.chat-row')];

function focusNext(step: 1 | -1, openId: string | undefined): boolean {
  const all = rows();
  const focused = all.indexOf(document.activeElement as HTMLElement);
  const from = focused >= 0 ? focused : all.findIndex(({ dataset }) => dataset['chat'] === openId);
  all[Math.min(all.length - 1, Math.max(0, from + step))]?.focus();
  return true;
}

export function KeysButton() {
  return (
    <span class="chat-keys">
      <Button label="Keyboard shortcuts" onPress={() => (isHelpOpen.value = true)}>
        ?
      </Button>
    </span>
  );
}

export function KeyHelp() {
  if (!isHelpOpen.value) return null;
  const close = (): void => {
    isHelpOpen.value = false;
  };
  return (
    <Dialog title="Keyboard shortcuts" onClose={close}>
      <dl class="key-list">
        {SHORTCUTS.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          checked={keysOn.value}
          onChange={({ currentTarget }) => {
            keysOn.value = currentTarget.checked;
            store('keys', currentTarget.checked ? undefined : 'off');
          }}
        />
        Single-letter shortcuts
      </label>
      <div class="actions end">
        <Button kind="primary" onPress={close}>
          Close
        </Button>
      </div>
    </Dialog>
  );
}
