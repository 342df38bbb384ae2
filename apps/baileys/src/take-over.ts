/** Longer than a phone without reception, shorter than an outage: what is older was not written to what the customer sees now. */
const LATE_MS = 10 * 60_000;
/** The WhatsApp Business app greets and excuses its owner by itself as soon as a message arrives. Its times are whole seconds. */
export const AUTOMATIC_MS = 3000;
/** In so many chats the same text is no answer of a person. */
const SAME_TEXT_CHATS = 3;

/** What a message from the account's own phone does to its chat. All but the first leave it as it is. */
export type TakeOver = 'takes_over' | 'late' | 'automatic' | 'same_text';

/**
 * Whether the owner, writing from her phone, takes the chat over from the agent.
 *
 * @param sinceCustomerMs from the customer's message before it; null where there is none
 * @param chats in which the same text was written, this one among them
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
