import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from './kit/button.tsx';
import { Confirm } from './kit/dialog.tsx';
import { api, me } from './lib/api.ts';
import { durationText } from './lib/format.ts';
import { connection, lastUpdateAt, now, startLive } from './lib/live.ts';
import { type PageDefinition } from './lib/page.ts';
import { go, href, location } from './lib/router.ts';
import { notices, notify, dismiss, announcement } from './lib/notifications.ts';
import { theme, toggleTheme } from './lib/theme.ts';
import { pages } from './pages.ts';
import { SignIn } from './sign-in.tsx';

startLive();

export function App() {
  const who = me.value;
  return (
    <>
      {who === undefined && <Connecting />}
      {who === null && <SignIn />}
      {who && <Shell />}
      <section class="notices" aria-label="Notices">
        {notices.value.map(({ id, text, isError }) => (
          <div key={id} class={`notice ${isError ? 'error' : ''}`}>
            <span>{text}</span>
            <Button label="Dismiss" onPress={() => dismiss(id)}>
              ✕
            </Button>
          </div>
        ))}
      </section>
      <div class="visually-hidden" role="status" aria-live="polite">
        {announcement}
      </div>
    </>
  );
}

/** Shown until the api has answered for the first time. */
function Connecting() {
  return (
    <main class="alone">
      <h1>ProSaaS</h1>
      <p role="status">
        {connection.value === 'away' ? 'The api does not answer. Trying again …' : 'Connecting …'}
      </p>
    </main>
  );
}

function Shell() {
  const mine = pages.filter(({ seenBy }) => me.value && seenBy(me.value));
  const [path = '', ...parts] = location.value.parts;
  const page = mine.find((one) => one.path === path);
  const main = useRef<HTMLElement>(null);
  const title = page?.title ?? 'Not found';
  useEffect(() => {
    document.title = `${title} – ProSaaS`;
    // Moves the focus, so that a screen reader starts at the top of the new page.
    if (document.activeElement !== document.body) main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [title]);
  return (
    <div class="shell">
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to content
      </a>
      <header class="top">
        <span class="brand">ProSaaS</span>
        <nav aria-label="Pages">
          <ul>
            {mine.map((one) => (
              <NavLink key={one.path} page={one} isCurrent={one === page} />
            ))}
          </ul>
        </nav>
        <Connection />
        <Account />
      </header>
      <main ref={main} id="main" tabIndex={-1} aria-label={title}>
        {page ? <page.View parts={parts} /> : <NotFound />}
      </main>
    </div>
  );
}

function NavLink({ page, isCurrent }: { page: PageDefinition; isCurrent: boolean }) {
  const link = useRef<HTMLAnchorElement>(null);
  // On a phone not all links fit.
  useEffect(() => {
    if (isCurrent) link.current?.scrollIntoView({ inline: 'center', block: 'nearest' });
  }, [isCurrent]);
  const count = page.badge?.() ?? 0;
  return (
    <li>
      <a
        ref={link}
        href={href(page.path === '' ? [] : [page.path])}
        aria-current={isCurrent ? 'page' : undefined}
      >
        {page.title}
        {count > 0 && (
          <span class="badge">
            {count > 99 ? '99+' : count}
            <span class="visually-hidden"> need attention</span>
          </span>
        )}
      </a>
    </li>
  );
}

function NotFound() {
  return (
    <section>
      <h1>Page not found</h1>
      <p>
        Your key may not give access to it. <a href="#/">Go to the overview</a>
      </p>
    </section>
  );
}

const connectionTexts = {
  connecting: 'connecting',
  live: 'live',
  polling: 'updates every 5 s',
  away: 'no connection',
} as const;

/** Whether the page is up to date, and otherwise how old its values are. */
function Connection() {
  const state = connection.value;
  const ageSeconds =
    lastUpdateAt.value === 0 ? null : Math.max(0, now.peek() && (Date.now() - lastUpdateAt.value) / 1000);
  // Renders every second, so that the age grows while there are no updates.
  void now.value;
  return (
    <span class={`connection ${state}`} title="How this page gets updates, and how old its values are">
      <span aria-hidden="true">{state === 'live' ? '●' : state === 'polling' ? '◐' : '○'}</span>{' '}
      {connectionTexts[state]}
      {ageSeconds !== null && ageSeconds > 6 && `, ${durationText(ageSeconds)} old`}
    </span>
  );
}

function Account() {
  const isDialogOpen = useSignal(false);
  const who = me.value;
  if (!who) return null;
  const signOut = async (everywhere: boolean): Promise<void> => {
    await api('POST', 'api/sign-out', { body: { everywhere } });
    // The next person may not have access to this page.
    go('#/');
    me.value = null;
    notify(everywhere ? 'Signed out everywhere' : 'Signed out');
  };
  return (
    <details class="account">
      <summary>
        {who.person?.name ??
          { admin: 'Admin key', metrics: 'Metrics token' }[who.role as 'admin'] ??
          'API key'}
      </summary>
      <div class="menu">
        <Button onPress={toggleTheme}>{theme.value === 'dark' ? 'Light colours' : 'Dark colours'}</Button>
        <Button onPress={() => signOut(false)}>Sign out</Button>
        <Button onPress={() => (isDialogOpen.value = true)}>Sign out everywhere …</Button>
      </div>
      {isDialogOpen.value && (
        <Confirm
          title="Sign out everywhere?"
          yes="Sign out everywhere"
          onYes={() => signOut(true)}
          onClose={() => (isDialogOpen.value = false)}
        >
          <p>Every browser that is signed in with this key has to sign in again.</p>
        </Confirm>
      )}
    </details>
  );
}
