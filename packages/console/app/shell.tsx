import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from './kit/button.tsx';
import { Confirm } from './kit/dialog.tsx';
import { api, me } from './lib/api.ts';
import { durationText } from './lib/format.ts';
import { connection, heardAt, now, startLive } from './lib/live.ts';
import { type PageDefinition } from './lib/page.ts';
import { go, href, location } from './lib/router.ts';
import { notices, notify, putAway, spoken } from './lib/say.ts';
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
            <Button label="Put away" onPress={() => putAway(id)}>
              ✕
            </Button>
          </div>
        ))}
      </section>
      <div class="visually-hidden" role="status" aria-live="polite">
        {spoken}
      </div>
    </>
  );
}

/** The api has not answered yet, or is away. */
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
    // A new page is read from its top, also by a screen reader.
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
        Skip to the page
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
  // On a phone not all of them fit.
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
            <span class="visually-hidden"> need somebody</span>
          </span>
        )}
      </a>
    </li>
  );
}

function NotFound() {
  return (
    <section>
      <h1>There is no such page</h1>
      <p>
        It may not be for this key. <a href="#/">To the overview</a>
      </p>
    </section>
  );
}

const words = {
  connecting: 'connecting',
  live: 'live',
  polling: 'asks every 5 s',
  away: 'no connection',
} as const;

/** Whether what is seen is how it is now, and how old it is. */
function Connection() {
  const state = connection.value;
  const age = heardAt.value === 0 ? null : Math.max(0, now.peek() && (Date.now() - heardAt.value) / 1000);
  // Counts on while nothing is heard.
  void now.value;
  return (
    <span class={`connection ${state}`} title="How the page hears of changes, and when it did last">
      <span aria-hidden="true">{state === 'live' ? '●' : state === 'polling' ? '◐' : '○'}</span>{' '}
      {words[state]}
      {age !== null && age > 6 && `, ${durationText(age)} old`}
    </span>
  );
}

function Account() {
  const isAsking = useSignal(false);
  const who = me.value;
  if (!who) return null;
  const signOut = async (everywhere: boolean): Promise<void> => {
    await api('POST', 'api/sign-out', { body: { everywhere } });
    // The next one may have other pages.
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
        <Button onPress={() => (isAsking.value = true)}>Sign out everywhere …</Button>
      </div>
      {isAsking.value && (
        <Confirm
          title="Sign out everywhere?"
          yes="Sign out everywhere"
          onYes={() => signOut(true)}
          onClose={() => (isAsking.value = false)}
        >
          <p>Every browser that is signed in with this key has to sign in again.</p>
        </Confirm>
      )}
    </details>
  );
}
