import type { proto } from '@whiskeysockets/baileys';

/** The text of a message, also of one in a wrapper; undefined when it has none (a protocol message, media). */
export function textOfMessage(message: proto.IMessage): string | undefined {
  const inner = message.ephemeralMessage?.message ?? message.viewOnceMessage?.message ?? message;
  return inner.conversation || inner.extendedTextMessage?.text || undefined;
}
