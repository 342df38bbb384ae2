import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@prosaas/runtime';
import pg from 'pg';

/** A session that holds a lock which a migration waits for. Without its statement, which may contain personal data. */
export interface Blocker {
  pid: number;
  application: string;
  state: string;
  /** Age of its transaction. */
  seconds: number;
}

export interface BlockerWatch extends AsyncDisposable {
  /** The blockers at the last look. */
  seen(): readonly Blocker[];
}

const BLOCKERS = `
  select pid, application_name as application, coalesce(state, 'unknown') as state,
         coalesce(extract(epoch from clock_timestamp() - xact_start), 0)::int as seconds
    from pg_stat_activity where pid = any (pg_blocking_pids($1)) order by pid`;

/** Polls from another session who blocks `client`: once the wait has failed, PostgreSQL no longer knows. */
export async function watchBlockers({
  url,
  client,
  everyMs,
  log,
}: {
  url: string;
  client: pg.Client;
  everyMs: number;
  log: Logger;
}): Promise<BlockerWatch> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const watcher = new pg.Client({
    connectionString: url,
    application_name: 'prosaas:migrate',
    keepAlive: true,
  });
  watcher.on('error', () => {});
  const stopping = new AbortController();
  let blockers: readonly Blocker[] = [];

  const watch = async (): Promise<void> => {
    await watcher.connect();
    while (!stopping.signal.aborted) {
      const found = await watcher.query<Blocker>(BLOCKERS, [rows[0]?.pid]);
      if (found.rows.length > 0) blockers = found.rows;
      await sleep(everyMs, undefined, { signal: stopping.signal });
    }
  };
  const watching = watch().catch((error: unknown) => {
    if (!stopping.signal.aborted) log.debug({ err: error }, 'cannot see who blocks the migration');
  });

  return {
    seen: () => blockers,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await watching;
      await watcher.end();
    },
  };
}
