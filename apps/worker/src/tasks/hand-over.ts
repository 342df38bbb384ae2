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

/** Defaults of the profile's `person.remindMinutes` and `person.quiet`. */
const REMIND_MINUTES = 15;
const QUIET_HOURS = '22:00-07:00';

/** Conversations per step and run. */
const BATCH = 100;

export interface HandOverOptions {
  db: Database;
  relay: Relay;
  profile: () => Pick<Profile, 'hours' | 'timeZone' | 'person'>;
  channels: NoticeChannels;
  /** Called when a conversation started to wait for a person. */
  onHandOver: (reason: WaitingReason) => void;
  log: Logger;
}

/** Takes conversations back from people who are silent, and notifies people of customers who wait. All times are PostgreSQL's. */
export function handOverTask(options: HandOverOptions): (signal: AbortSignal) => Promise<void> {
  const { db, relay, profile, channels, onHandOver, log } = options;

  const takeBack = async (id: string): Promise<void> => {
    const end = await db.transaction(async (tx) =>
      (await lockExpiredTakeover(tx, id))
        ? applyEvent(tx, id, { type: 'time_up' }, { actor: 'system' })
        : undefined,
    );
    if (isHandOver(end)) onHandOver('person_left');
  };

  const notify = async (due: Parameters<typeof announce>[1]): Promise<void> => {
    const done = await announce(db, due, { channels, timeZone: profile().timeZone });
    if (done === undefined) return;
    const { businessId, notified, released } = done;
    relay.enqueue(released);
    if (notified === 0) {
      log.warn(
        { business_id: businessId, conversation_id: due.id },
        'a customer waits and nobody can be notified: no person of the business has a number, or an e-mail address with SMTP_URL set',
      );
    }
  };

  return async (signal) => {
    let failed = 0;
    /** Continues with the next item when one fails. */
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
          log.error({ err: error, conversation_id: item.id }, 'a hand-over could not be processed');
        }
      }
    };
    const overdue = await listExpiredTakeovers(db, BATCH);
    await each(
      overdue.map((id) => ({ id })),
      ({ id }) => takeBack(id),
    );
    const due = await listDueAnnouncements(db, {
      ...announcementTimes(profile(), await databaseTime(db)),
      limit: BATCH,
    });
    await each(due, notify);
    if (failed > 0) throw new Error(`${failed} hand-overs could not be processed`);
  };
}

/** Whether announcements are paused at this time, and up to which announcement time a reminder is due. */
export function announcementTimes(
  { hours, timeZone, person = {} }: Pick<Profile, 'hours' | 'timeZone' | 'person'>,
  now: Date,
): { isQuiet: boolean; remindBefore: Date | null; remindEmergenciesBefore: Date } {
  const { remindMinutes = REMIND_MINUTES, quiet = QUIET_HOURS } = person;
  return {
    isQuiet: quiet !== null && isWithin(quiet, timeZone, now),
    remindBefore: openMinutesAgo(hours, timeZone, now, remindMinutes) ?? null,
    remindEmergenciesBefore: new Date(now.getTime() - remindMinutes * 60_000),
  };
}
