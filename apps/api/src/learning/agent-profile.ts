import { setTimeout as sleep } from 'node:timers/promises';
import { type Profile, ProfileError, type ProfileStore, startProfile } from '@prosaas/agentkit/offline';
import { type LearnedAnswer, type Queryable, watchLearnedAnswers } from '@prosaas/database';
import { AppError, type Logger } from '@prosaas/runtime';

/** Until a profile that has faults is looked at again. */
const RETRY_MS = 2000;

/** The profile that the agent answers from, with what it learned: as the workers have it. */
export interface AgentProfile {
  /** @throws ProfileUnavailable */
  current(): Profile;
  /** What was learned here counts here at once. */
  readLearned(): Promise<void>;
}

class ProfileUnavailable extends AppError {
  constructor(problems: readonly string[]) {
    const why = problems.length === 0 ? '' : `: ${problems.slice(0, 3).join('; ')}`;
    super(`The profile cannot be read${why}.`, {
      status: 503,
      code: 'PROFILE_UNAVAILABLE',
      retryable: true,
    });
  }
}

/** A profile with faults does not keep the api from starting: it is looked at until it has none. */
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
    onLearned(found) {
      learned = found;
      store?.setLearned(found);
    },
  });

  const open = async (): Promise<void> => {
    while (store === undefined) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- tried until it works
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

/** What another replica learned may count here so much later. */
const READ_WITHIN_MS = 1000;

/** Reads what was learned. Where the database is away or slow, what is known counts. */
export async function readLearned(profile: AgentProfile, log: Pick<Logger, 'debug'>): Promise<void> {
  const reading = profile
    .readLearned()
    .catch((error: unknown) => log.debug({ err: error }, 'what was learned could not be read now'));
  await Promise.race([reading, sleep(READ_WITHIN_MS, undefined, { ref: false })]);
}
