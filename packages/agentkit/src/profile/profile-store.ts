import { stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '@prosaas/runtime';
import { type LearnedEntry, withLearned } from './learned.ts';
import type { Profile } from './profile.ts';
import { ProfileError, parseProfile, readProfileText } from './read-profile.ts';

export interface ProfileStatus {
  /** When the profile in use was read. */
  loadedAt: Date;
  /** Faults of the file's current text. While there are any, the profile that was read before stays in use. */
  problems: string[];
}

/** The profile in use. It is read again when its file changes. */
export interface ProfileStore extends AsyncDisposable {
  /** The same object until something changes. */
  current(): Profile;
  status(): ProfileStatus;
  /** Replaces the learned entries. */
  setLearned(entries: readonly LearnedEntry[]): void;
}

export interface ProfileStoreOptions {
  /** Undefined: the shipped profile. */
  path: string | undefined;
  log: Logger;
  /** Stops watching the file, as disposal does. */
  signal?: AbortSignal;
  /** Called after a changed file was read and found valid. */
  onChange?: (profile: Profile) => void;
  times?: Partial<typeof profileTimes>;
}

/** The file is checked every `everyMs`. After a change it is read once it has stayed the same for `settleMs`. */
const profileTimes = { everyMs: 2000, settleMs: 200 };
/** A file that keeps changing is read after this many checks. */
const MAX_SETTLE_CHECKS = 20;

/**
 * Reads a profile and watches its file. The file is polled, because there is no reliable event for a mount of Docker or Kubernetes, or for
 * an editor that replaces the file.
 * @throws ProfileError that lists every fault of the file.
 */
export async function startProfile({
  path,
  log,
  signal,
  onChange,
  times,
}: ProfileStoreOptions): Promise<ProfileStore> {
  const { everyMs, settleMs } = { ...profileTimes, ...times };
  const name = path ?? 'default.yaml';
  // Taken before the text is read, so that the next check notices a change in between.
  let fingerprint = path === undefined ? undefined : await fingerprintOf(path);
  let text = await readProfileText(path);
  let file = parseProfile(text, name);
  let learned: readonly LearnedEntry[] = [];
  let current = file;
  let loadedAt = new Date();
  let problems: string[] = [];

  const closing = new AbortController();
  const stop = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;

  const reload = async (): Promise<void> => {
    let changed: Profile | undefined;
    let found: string[] = [];
    try {
      const fresh = await readProfileText(path);
      if (fresh !== text) {
        changed = parseProfile(fresh, name);
        text = fresh;
      }
    } catch (error) {
      if (!(error instanceof ProfileError)) throw error;
      found = error.problems;
    }
    if (found.length > 0) {
      if (!isDeepStrictEqual(found, problems))
        log.error(
          { profile: name, problems: found },
          `the profile has faults: the version of ${loadedAt.toISOString()} stays in use`,
        );
      problems = found;
      return;
    }
    const wasFaulty = problems.length > 0;
    problems = [];
    if (changed !== undefined) {
      file = changed;
      current = withLearned(file, learned);
      loadedAt = new Date();
    }
    if (wasFaulty) log.info({ profile: name }, 'the profile has no more faults');
    else if (changed !== undefined) log.info({ profile: name }, 'the profile was reloaded');
    if (changed !== undefined) onChange?.(current);
  };

  const check = async (watched: string): Promise<void> => {
    let seen = await fingerprintOf(watched);
    if (seen === fingerprint) return;
    for (let checks = 0; checks < MAX_SETTLE_CHECKS; checks++) {
      await pause(settleMs, undefined, { ref: false, signal: stop });
      const again = await fingerprintOf(watched);
      if (again === seen) break;
      seen = again;
    }
    fingerprint = seen;
    await reload();
  };

  const watch = async (watched: string): Promise<void> => {
    for (;;) {
      await pause(everyMs, undefined, { ref: false, signal: stop });
      try {
        await check(watched);
      } catch (error) {
        if (stop.aborted) return;
        log.error({ err: error, profile: name }, 'the profile could not be reloaded');
      }
    }
  };
  // Disposal and `signal` abort a pause, which rejects.
  const watching = path === undefined ? Promise.resolve() : watch(path).catch(() => {});

  return {
    current: () => current,
    status: () => ({ loadedAt, problems }),
    setLearned(entries) {
      if (isDeepStrictEqual(entries, learned)) return;
      learned = structuredClone(entries);
      current = withLearned(file, learned);
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await watching;
    },
  };
}

/** A store for a profile that does not come from a file. */
export function fixedProfile(profile: Profile): ProfileStore {
  const loadedAt = new Date();
  let current = profile;
  return {
    current: () => current,
    status: () => ({ loadedAt, problems: [] }),
    setLearned: (entries) => void (current = withLearned(profile, entries)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Changes when the file changes, or when a symbolic link is pointed at another file. */
async function fingerprintOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'error';
  }
}
