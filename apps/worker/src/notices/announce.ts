import {
  addConversationEvent,
  listLastInbound,
  listReachablePeople,
  lockWaitingConversation,
  markAnnounced,
  type Database,
  type ReleasedJob,
  type WaitingConversation,
} from '@prosaas/database';
import type { NoticeChannels } from './channels.ts';
import { MESSAGES_SHOWN } from './texts.ts';

/** Characters read of each message; more than a notice shows. */
const TEXT_LENGTH = 1000;

/**
 * Notifies the people of a business that a customer waits, each over every channel that reaches her. The notices are written in one
 * transaction with the mark that they were announced, so that they are neither lost nor repeated.
 *
 * @returns undefined if another worker has announced it meanwhile, or the customer no longer waits
 */
export async function announce(
  db: Database,
  due: Pick<WaitingConversation, 'id' | 'announcements'>,
  { channels, timeZone }: { channels: NoticeChannels; timeZone: string },
): Promise<{ businessId: string; notified: number; released: ReleasedJob[] } | undefined> {
  return db.transaction(async (tx) => {
    const conversation = await lockWaitingConversation(tx, due);
    if (conversation === undefined) return undefined;
    const { id, business_id: businessId } = conversation;
    const kind = due.announcements === 0 ? 'waiting' : 'reminder';
    const messages = await listLastInbound(tx, {
      conversationId: id,
      limit: MESSAGES_SHOWN,
      textLimit: TEXT_LENGTH,
    });
    const released: ReleasedJob[] = [];
    let notified = 0;
    for (const person of await listReachablePeople(tx, businessId)) {
      for (const channel of channels) {
        if (!channel.reaches(person, conversation)) continue;
        notified += 1;
        // oxlint-disable-next-line no-await-in-loop -- one transaction, and a fixed lock order
        const job = await channel.write(tx, { person, conversation, kind, messages, timeZone });
        if (job) released.push(job);
      }
    }
    await markAnnounced(tx, id);
    await addConversationEvent(tx, {
      conversationId: id,
      event: notified > 0 ? 'announced' : 'nobody_to_tell',
      from: 'waiting',
      to: 'waiting',
      reason: conversation.reason,
      actor: 'system',
    });
    return { businessId, notified, released };
  });
}
