import { type WAMessageContent, normalizeMessageContent } from '@whiskeysockets/baileys';
import { storedText } from './inbound-limits.ts';

/**
 * What a person wrote, as text; undefined for what is not a message of a person (protocol messages, edits and
 * deletions, reactions, poll votes, pins, key distribution).
 *
 * Kinds that are not text are kept as their kind in brackets, with the caption where there is one: `[image] my receipt`,
 * `[voice]`, `[location]`. So the conversation shows that something came, and a caption reaches the agent.
 */
export function inboundText(message: WAMessageContent | null | undefined): string | undefined {
  const content = normalizeMessageContent(message ?? undefined);
  if (!content) return undefined;
  const text = writtenText(content) ?? kindText(content);
  // PostgreSQL's text has no NUL.
  return storedText(text?.replaceAll('\0', '').trim() ?? '') || undefined;
}

function writtenText(content: WAMessageContent): string | undefined {
  return (
    content.conversation ||
    content.extendedTextMessage?.text ||
    content.buttonsResponseMessage?.selectedDisplayText ||
    content.templateButtonReplyMessage?.selectedDisplayText ||
    content.listResponseMessage?.title ||
    content.interactiveResponseMessage?.body?.text ||
    undefined
  );
}

function kindText(content: WAMessageContent): string | undefined {
  if (content.imageMessage) return withCaption('image', content.imageMessage.caption);
  if (content.videoMessage) return withCaption('video', content.videoMessage.caption);
  if (content.ptvMessage) return '[video]';
  if (content.audioMessage) return content.audioMessage.ptt ? '[voice]' : '[audio]';
  if (content.documentMessage) return withCaption('document', content.documentMessage.caption);
  if (content.stickerMessage || content.lottieStickerMessage) return '[sticker]';
  if (content.locationMessage || content.liveLocationMessage) return '[location]';
  if (content.contactMessage || content.contactsArrayMessage) return '[contact]';
  if (content.orderMessage) return '[order]';
  if (content.pollCreationMessage || content.pollCreationMessageV2 || content.pollCreationMessageV3) {
    return '[poll]';
  }
  return undefined;
}

function withCaption(kind: string, caption: string | null | undefined): string {
  return caption?.trim() ? `[${kind}] ${caption}` : `[${kind}]`;
}
