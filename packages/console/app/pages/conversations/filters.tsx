import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Button } from '../../kit/button.tsx';
import { OnlyWrong } from '../../kit/only-wrong.tsx';
import { location, setQuery } from '../../lib/router.ts';
import { useResource } from '../../lib/use-resource.ts';
import type { Page } from '../../lib/use-list.ts';
import { alertsOn, switchAlerts } from './alerts.ts';
import { currentPerson } from './changes.ts';
import { KeysButton } from './keys.tsx';

/** Pause in typing after which the search starts. */
const DEBOUNCE_MS = 350;

const STATES = [
  ['waiting', 'waiting'],
  ['person', 'with a person'],
  ['agent', 'with the agent'],
  ['closed', 'closed'],
] as const;
const FILTER_NAMES = ['state', 'unread', 'mine', 'session'] as const;

export const clearFilters = (): void =>
  setQuery({
    text: undefined,
    wrong: undefined,
    ...Object.fromEntries(FILTER_NAMES.map((name) => [name, undefined])),
  });

export function Filters() {
  const { query } = location.value;
  const isOpen = useSignal(false);
  const id = useId();
  const count = FILTER_NAMES.filter((name) => query.has(name)).length;
  return (
    <div class="chat-filters">
      <Search />
      <div class="row spread">
        <OnlyWrong />
        <span class="actions">
          <KeysButton />
          <button
            type="button"
            class="button"
            aria-expanded={isOpen.value}
            aria-controls={id}
            onClick={() => (isOpen.value = !isOpen.value)}
          >
            Filters{count > 0 && ` (${count})`}
          </button>
        </span>
      </div>
      <div id={id} class="chat-filter-panel" hidden={!isOpen.value}>
        {isOpen.value && <Panel />}
      </div>
    </div>
  );
}

function Search() {
  const text = location.value.query.get('text') ?? '';
  const typed = useSignal(text);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // The address may change from elsewhere.
  useEffect(() => {
    typed.value = text;
  }, [text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const search = (): void => {
    clearTimeout(timer.current);
    setQuery({ text: typed.value.trim() || undefined });
  };
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        search();
      }}
    >
      <input
        type="search"
        aria-label="Search by name, number or text"
        placeholder="Name, number or text"
        maxLength={100}
        dir="auto"
        value={typed.value}
        onInput={({ currentTarget }) => {
          typed.value = currentTarget.value;
          clearTimeout(timer.current);
          timer.current = setTimeout(search, DEBOUNCE_MS);
        }}
      />
    </form>
  );
}

function Panel() {
  const { query } = location.value;
  const sessions = useResource<Page<{ id: string }>>('api/sessions?limit=200').data.value?.items ?? [];
  const session = query.get('session') ?? '';
  const sessionIds = [...new Set([...sessions.map(({ id }) => id), session])].filter((id) => id !== '');
  return (
    <>
      <label class="field">
        State
        <select
          value={query.get('state') ?? ''}
          onChange={({ currentTarget }) => setQuery({ state: currentTarget.value })}
        >
          <option value="">all</option>
          {STATES.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
      {sessionIds.length > 0 && (
        <label class="field">
          WhatsApp session
          <select
            value={session}
            onChange={({ currentTarget }) => setQuery({ session: currentTarget.value })}
          >
            <option value="">all</option>
            {sessionIds.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
      )}
      <Check name="unread">Unread</Check>
      {currentPerson.value && <Check name="mine">Mine</Check>}
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          checked={alertsOn.value}
          onChange={({ currentTarget }) => void switchAlerts(currentTarget.checked)}
        />
        Sound and notification when a chat is waiting
      </label>
      <Button onPress={clearFilters}>Clear filters</Button>
    </>
  );
}

function Check({ name, children }: { name: 'unread' | 'mine'; children: string }) {
  return (
    <label class="switch">
      <input
        type="checkbox"
        checked={location.value.query.get(name) === '1'}
        onChange={({ currentTarget }) => setQuery({ [name]: currentTarget.checked ? '1' : undefined })}
      />
      {children}
    </label>
  );
}
