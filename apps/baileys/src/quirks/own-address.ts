import { type BinaryNode, areJidsSameUser } from '@whiskeysockets/baileys';

/**
 * Takes the account's own phone number off a message that its phone wrote to a LID.
 *
 * Baileys 7.0.0-rc14 takes `sender_pn` for the number of the chat (`extractAddressingContext`), which for such a message is the
 * recipient's: it writes down the account's number as the recipient's (`handleMessage`), and moves the account's own sessions to the
 * recipient's LID. https://github.com/WhiskeySockets/Baileys/blob/master/src/Utils/decode-wa-message.ts
 *
 * `sender_lid` stays: of the account's own LID the client knows the number since the login, and writes nothing down; it needs it to
 * acknowledge the message.
 */
export function removeOwnNumber({ attrs }: BinaryNode, me: { id: string; lid?: string } | undefined): void {
  if (!attrs['recipient'] || !me?.lid || !areJidsSameUser(attrs['from'], me.lid)) return;
  delete attrs['sender_pn'];
}
