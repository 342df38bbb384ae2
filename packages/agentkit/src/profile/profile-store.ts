import { stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '@prosaas/runtime';
import { type LearnedEntry, withLearned } from './learned.ts';
import type { Profile } from './profile.ts';
import { ProfileError, parseProfile, readProfileText } from './read-profile.ts';

export interface ProfileStatus {
  /** When the profile that is in use was read. */
  loadedAt: Date;
  /** Faults of the file as it is now: the profile that was read before stays in use. */
  problems: string[];
}

/** The profile that is in use: read anew when its file changes. */
export interface ProfileStore extends AsyncDisposable {
  /** The same object until something changes. */
  current(): Profile;
  status(): ProfileStatus;
  /** What was learned, in place of what was learned before. */
  setLearned(entries: readonly LearnedEntry[]): void;
}

export interface ProfileStoreOptions {
  /** Undefined: the profile that is shipped. */
  path: string | undefined;
  log: Logger;
  /** Ends the watching, as disposal does. */
  signal?: AbortSignal;
  /** The file was read anew and is sound. */
  onChange?: (profile: Profile) => void;
  times?: Partial<typeof profileTimes>;
}

/** The file is looked at by `everyMs`; one that changed is read once it has stayed the same for `settleMs`. */
const profileTimes = { everyMs: 2000, settleMs: 200 };
/** A file that never stays the same is read after so many looks. */
const SETTLE_LOOKS = 20;

/**
 * Reads a profile, and reads it anew while it runs. The file is polled: a mount of Docker or Kubernetes, and an editor that puts a new file
 * in place of the old one, raise no event.
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
  // Before the text: a change between the two is seen at the next look.
  let mark = path === undefined ? undefined : await markOf(path);
  let text = await readProfileText(path);
  let file = parseProfile(text, name);
  let learned: readonly LearnedEntry[] = [];
  let current = file;
  let loadedAt = new Date();
  let problems: string[] = [];

  const closing = new AbortController();
  const stop = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;

  const read = async (): Promise<void> => {
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
          `the profile has faults: the one of ${loadedAt.toISOString()} stays in use`,
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
    else if (changed !== undefined) log.info({ profile: name }, 'the profile was read anew');
    if (changed !== undefined) onChange?.(current);
  };

  const look = async (watched: string): Promise<void> => {
    let seen = await markOf(watched);
    if (seen === mark) return;
    for (let looks = 0; looks < SETTLE_LOOKS; looks++) {
      await pause(settleMs, undefined, { ref: false, signal: stop });
      const again = await markOf(watched);
      if (again === seen) break;
      seen = again;
    }
    mark = seen;
    await read();
  };

  const watch = async (watched: string): Promise<void> => {
    for (;;) {
      await pause(everyMs, undefined, { ref: false, signal: stop });
      try {
        await look(watched);
      } catch (error) {
        if (stop.aborted) return;
        log.error({ err: error, profile: name }, 'the profile could not be read anew');
      }
    }
  };
  // It ends by the abort of a pause.
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

/** A store of a profile that no file is behind. */
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

/** Changes with the file: also where a link leads to another one. */
async function markOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'error';
  }
}
