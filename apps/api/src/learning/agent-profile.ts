import { setTimeout as sleep } from 'node:timers/promises';
import { type Profile, ProfileError, type ProfileStore, startProfile } from '@prosaas/agentkit/offline';
import { type LearnedAnswer, type Queryable, watchLearnedAnswers } from '@prosaas/database';
import { AppError, type Logger } from '@prosaas/runtime';

/** Delay before a profile with faults is read again. */
const RETRY_MS = 2000;

/** The profile that the workers answer from, including the learned entries. */
export interface AgentProfile {
  /** @throws ProfileUnavailable */
  current(): Profile;
  /** Reads the learned entries now, so that a change takes effect at once. */
  readLearned(): Promise<void>;
}

class ProfileUnavailable extends AppError {
  override code = 'PROFILE_UNAVAILABLE';
  override status = 503;
  override retryable = true;

  constructor(problems: readonly string[]) {
    const why = problems.length === 0 ? '' : `: ${problems.slice(0, 3).join('; ')}`;
    super(`The profile cannot be read${why}.`);
  }
}

/** The api also starts with a faulty profile, which is read again until it has no faults. */
export function startAgentProfile({
  path,
  db,
  log,
}: {
  path: string | undefined;
  db: Queryable;
  log: Logger;
}): AgentProfile & AsyncDisposable {
  const stopping = new AbortController();
  const { signal } = stopping;
  let store: ProfileStore | undefined;
  let problems: string[] = [];
  let learned: LearnedAnswer[] = [];
  const follower = watchLearnedAnswers(db, {
    log,
    onLearned(entries) {
      learned = entries;
      store?.setLearned(entries);
    },
  });

  const open = async (): Promise<void> => {
    while (store === undefined) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- retries until the profile is valid
        store = await startProfile({ path, log, signal });
        store.setLearned(learned);
      } catch (error) {
        if (!(error instanceof ProfileError)) throw error;
        if (problems.length === 0)
          log.error({ problems: error.problems }, 'the profile has faults: the agent cannot be tried');
        ({ problems } = error);
        // oxlint-disable-next-line no-await-in-loop
        await sleep(RETRY_MS, undefined, { signal });
      }
    }
  };
  const opening = open().catch((error: unknown) => {
    if (!signal.aborted) log.error({ err: error }, 'the profile cannot be read: the agent cannot be tried');
  });

  return {
    current() {
      if (store === undefined) throw new ProfileUnavailable(problems);
      return store.current();
    },
    readLearned: () => follower.read(),
    async [Symbol.asyncDispose]() {
      follower[Symbol.dispose]();
      stopping.abort();
      await opening;
      await store?.[Symbol.asyncDispose]();
    },
  };
}

/** A request waits at most this long for the learned entries. */
const READ_TIMEOUT_MS = 1000;

/** Reads the learned entries. If the database is away or slow, the caller continues with those already read. */
export async function readLearned(profile: AgentProfile, log: Pick<Logger, 'debug'>): Promise<void> {
  const reading = profile
    .readLearned()
    .catch((error: unknown) => log.debug({ err: error }, 'learned entries could not be read'));
  await Promise.race([reading, sleep(READ_TIMEOUT_MS, undefined, { ref: false })]);
}
