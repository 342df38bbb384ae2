import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { ApiError, type Me, api, me } from './lib/api.ts';
import { Status } from './kit/status.tsx';

/** GET /readyz: what anybody may see, without signing in. */
interface PublicHealth {
  ready: boolean;
  checks: Record<string, { status: string }>;
}

export function SignIn() {
  const key = useSignal('');
  const problem = useSignal('');
  const isBusy = useSignal(false);
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    isBusy.value = true;
    problem.value = '';
    try {
      me.value = await api<Me>('POST', 'api/sign-in', { body: { key: key.value.trim() } });
    } catch (error) {
      problem.value = error instanceof ApiError ? error.message : String(error);
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <main class="alone">
      <h1>ProSaaS</h1>
      <form onSubmit={(event) => void submit(event)}>
        <label for={id}>Your key</label>
        <input
          id={id}
          ref={field}
          type="password"
          autocomplete="current-password"
          value={key.value}
          onInput={({ currentTarget }) => (key.value = currentTarget.value)}
          aria-describedby={`${id}-help`}
          aria-invalid={problem.value !== ''}
          required
        />
        <p id={`${id}-help`} class="help">
          The key that you were given, or one that <code>npm run keys</code> (
          <code>docker compose exec api prosaas-keys</code>) prints.
        </p>
        {problem.value !== '' && (
          <p class="status bad wraps" role="alert">
            {problem.value}
          </p>
        )}
        <button
          class="button primary"
          type="submit"
          disabled={key.value.trim() === ''}
          aria-busy={isBusy.value}
        >
          Sign in
        </button>
      </form>
      <HealthSummary />
    </main>
  );
}

/** For people who cannot sign in because the database is away. */
function HealthSummary() {
  const health = useSignal<PublicHealth | undefined>(undefined);
  useEffect(() => {
    // A system that is not ready answers 503 with the same body.
    fetch('readyz')
      .then(async (response) => (health.value = (await response.json()) as PublicHealth))
      .catch(() => {});
  }, []);
  if (health.value === undefined) return null;
  const failing = Object.entries(health.value.checks)
    .filter(([, { status }]) => status === 'fail')
    .map(([name]) => name);
  if (failing.length === 0) return <Status level="good">The system is ready</Status>;
  const summary = health.value.ready ? 'Something is wrong' : 'The system is not ready';
  return (
    <Status level="bad">
      {summary}: {failing.join(', ')}
    </Status>
  );
}
