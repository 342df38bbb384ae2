import { type BinaryNode, areJidsSameUser } from '@whiskeysockets/baileys';

/**
 * Removes the account's own phone number from the stanza of a message that its phone sent to a LID.
 *
 * Baileys 7.0.0-rc14 takes `sender_pn` for the phone number of the chat (`extractAddressingContext`), but here the chat is
 * the recipient's. It stores the account's number as that of the recipient's LID (`handleMessage`), and moves the account's
 * own sessions to that LID. https://github.com/WhiskeySockets/Baileys/blob/master/src/Utils/decode-wa-message.ts
 *
 * `sender_lid` is kept: the client needs it to acknowledge the message, and stores nothing for it, because it knows the
 * phone number of the account's LID since the login.
 */
export function removeOwnNumber({ attrs }: BinaryNode, me: { id: string; lid?: string } | undefined): void {
  if (!attrs['recipient'] || !me?.lid || !areJidsSameUser(attrs['from'], me.lid)) return;
  delete attrs['sender_pn'];
}
