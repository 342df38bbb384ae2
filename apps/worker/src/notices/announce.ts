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

/** More than is shown of a message. */
const TEXT_LENGTH = 1000;

/**
 * Tells the people of a business that a customer waits, each over every channel that reaches her, in one transaction with the mark that
 * they were told: never twice, and not lost. Undefined where it was done meanwhile, or the customer waits no more.
 */
export async function announce(
  db: Database,
  due: Pick<WaitingConversation, 'id' | 'announcements'>,
  { channels, timeZone }: { channels: NoticeChannels; timeZone: string },
): Promise<{ businessId: string; told: number; released: ReleasedJob[] } | undefined> {
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
    let told = 0;
    for (const person of await listReachablePeople(tx, businessId)) {
      for (const channel of channels) {
        if (!channel.reaches(person, conversation)) continue;
        told += 1;
        // oxlint-disable-next-line no-await-in-loop -- in one transaction, and everywhere in the same order
        const job = await channel.write(tx, { person, conversation, kind, messages, timeZone });
        if (job) released.push(job);
      }
    }
    await markAnnounced(tx, id);
    await addConversationEvent(tx, {
      conversationId: id,
      event: told > 0 ? 'announced' : 'nobody_to_tell',
      from: 'waiting',
      to: 'waiting',
      reason: conversation.reason,
      actor: 'system',
    });
    return { businessId, told, released };
  });
}
