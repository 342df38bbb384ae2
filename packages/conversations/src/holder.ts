import type { ConversationRow } from '@prosaas/database';

/**
 * Whether another person has a conversation than the one who asks. A holder who is not known wrote from the phone of the account: it may be
 * the owner, from whom staff take nothing.
 */
export const isHeldByOther = (
  { state, person_id: holderId }: Pick<ConversationRow, 'state' | 'person_id'>,
  { id, role }: { id: string; role: string },
): boolean => state === 'person' && (holderId === null ? role === 'staff' : holderId !== id);
