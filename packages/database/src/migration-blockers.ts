import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@prosaas/runtime';
import pg from 'pg';

/** A session that holds a lock which a migration waits for. Not its statement: that may carry people's words. */
export interface Blocker {
  pid: number;
  application: string;
  state: string;
  /** Age of its transaction. */
  seconds: number;
}

export interface BlockerWatch extends AsyncDisposable {
  /** Who blocked when it was last looked at. */
  seen(): readonly Blocker[];
}

const blockersOf = `
  select pid, application_name as application, coalesce(state, 'unknown') as state,
         coalesce(extract(epoch from clock_timestamp() - xact_start), 0)::int as seconds
    from pg_stat_activity where pid = any (pg_blocking_pids($1)) order by pid`;

/** Looks from a session of its own at who blocks `client`: afterwards it can no longer be told. */
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
      const found = await watcher.query<Blocker>(blockersOf, [rows[0]?.pid]);
      if (found.rows.length > 0) blockers = found.rows;
      await sleep(everyMs, undefined, { signal: stopping.signal });
    }
  };
  const watching = watch().catch((error: unknown) => {
    if (!stopping.signal.aborted) log.debug({ err: error }, 'Cannot see who blocks the migration');
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
