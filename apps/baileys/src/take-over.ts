/** An older message does not answer what the customer sees now. Longer than a phone is without reception, shorter than an outage. */
const LATE_MS = 10 * 60_000;
/** The WhatsApp Business app sends greeting and away messages as soon as a message arrives. Its times are whole seconds. */
export const AUTOMATIC_MS = 3000;
/** The same text in this many chats is not written by a person. */
const SAME_TEXT_CHATS = 3;

/** The effect on its chat of a message from the account's own phone. Only `takes_over` has one. */
export type TakeOver = 'takes_over' | 'late' | 'automatic' | 'same_text';

/**
 * Decides whether a message that the owner wrote from the phone takes the chat over from the agent.
 *
 * @param sinceCustomerMs time since the customer's last message before it; null if there is none
 * @param chats how many chats got the same text, this one included
 */
export function decideTakeOver({
  ageMs,
  sinceCustomerMs,
  chats,
}: {
  ageMs: number;
  sinceCustomerMs: number | null;
  chats: number;
}): TakeOver {
  if (chats >= SAME_TEXT_CHATS) return 'same_text';
  if (sinceCustomerMs !== null && sinceCustomerMs <= AUTOMATIC_MS) return 'automatic';
  return ageMs > LATE_MS ? 'late' : 'takes_over';
}
