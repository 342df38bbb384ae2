import type { ConversationRow } from '@prosaas/database';

/**
 * Whether someone other than the given person holds a conversation. An unknown holder wrote from the phone of the account and may be the
 * owner, from whom staff cannot take a conversation.
 */
export const isHeldByOther = (
  { state, person_id: holderId }: Pick<ConversationRow, 'state' | 'person_id'>,
  { id, role }: { id: string; role: string },
): boolean => state === 'person' && (holderId === null ? role === 'staff' : holderId !== id);
