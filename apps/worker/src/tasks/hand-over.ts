import { isWithin, openMinutesAgo, type Profile } from '@prosaas/agentkit';
import { applyEvent, isHandOver, type WaitingReason } from '@prosaas/conversations';
import {
  databaseTime,
  isRetryableDatabaseError,
  listDueAnnouncements,
  listExpiredTakeovers,
  lockExpiredTakeover,
  type Database,
} from '@prosaas/database';
import type { Relay } from '@prosaas/queues';
import type { Logger } from '@prosaas/runtime';
import { announce } from '../notices/announce.ts';
import type { NoticeChannels } from '../notices/channels.ts';

/** Without a word of the profile's. */
const REMIND_MINUTES = 15;
const QUIET = '22:00-07:00';

/** Of each kind in one run. */
const BATCH = 100;

export interface HandOverOptions {
  db: Database;
  relay: Relay;
  profile: () => Pick<Profile, 'hours' | 'timeZone' | 'person'>;
  channels: NoticeChannels;
  /** A conversation waits for a person from now on. */
  onHandOver: (reason: WaitingReason) => void;
  log: Logger;
}

/** Ends the time of people who are silent, and tells people of customers who wait; all times are PostgreSQL's. */
export function handOverTask(options: HandOverOptions): (signal: AbortSignal) => Promise<void> {
  const { db, relay, profile, channels, onHandOver, log } = options;

  const endTime = async (id: string): Promise<void> => {
    const end = await db.transaction(async (tx) =>
      (await lockExpiredTakeover(tx, id))
        ? applyEvent(tx, id, { type: 'time_up' }, { actor: 'system' })
        : undefined,
    );
    if (isHandOver(end)) onHandOver('person_left');
  };

  const tell = async (due: Parameters<typeof announce>[1]): Promise<void> => {
    const done = await announce(db, due, { channels, timeZone: profile().timeZone });
    if (done === undefined) return;
    const { businessId, told, released } = done;
    relay.enqueue(released);
    if (told === 0) {
      log.warn(
        { business_id: businessId, conversation_id: due.id },
        'a customer waits and nobody can be told: no person of the business has a number, or an e-mail address with SMTP_URL set',
      );
    }
  };

  return async (signal) => {
    let failed = 0;
    /** One that fails does not keep the others. */
    const each = async <T extends { id: string }>(
      items: readonly T[],
      run: (item: T) => Promise<void>,
    ): Promise<void> => {
      for (const item of items) {
        if (signal.aborted) return;
        try {
          // oxlint-disable-next-line no-await-in-loop -- a transaction each
          await run(item);
        } catch (error) {
          if (isRetryableDatabaseError(error)) throw error;
          failed += 1;
          log.error({ err: error, conversation_id: item.id }, 'a hand-over could not be carried on');
        }
      }
    };
    const overdue = await listExpiredTakeovers(db, BATCH);
    await each(
      overdue.map((id) => ({ id })),
      ({ id }) => endTime(id),
    );
    const due = await listDueAnnouncements(db, {
      ...announcementTimes(profile(), await databaseTime(db)),
      limit: BATCH,
    });
    await each(due, tell);
    if (failed > 0) throw new Error(`${failed} hand-overs could not be carried on`);
  };
}

/** What may be announced at this time, and what is due to be announced once more. */
export function announcementTimes(
  { hours, timeZone, person = {} }: Pick<Profile, 'hours' | 'timeZone' | 'person'>,
  now: Date,
): { isQuiet: boolean; remindBefore: Date | null; remindEmergenciesBefore: Date } {
  const { remindMinutes = REMIND_MINUTES, quiet = QUIET } = person;
  return {
    isQuiet: quiet !== null && isWithin(quiet, timeZone, now),
    remindBefore: openMinutesAgo(hours, timeZone, now, remindMinutes) ?? null,
    remindEmergenciesBefore: new Date(now.getTime() - remindMinutes * 60_000),
  };
}
