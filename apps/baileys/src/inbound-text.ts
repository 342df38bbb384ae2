import type { MessageKind } from '@prosaas/database';
import { type WAMessageContent, normalizeMessageContent } from '@whiskeysockets/baileys';
import { storedText } from './inbound-limits.ts';

export interface InboundContent {
  kind: MessageKind;
  text: string;
}

/**
 * The kind and text of a person's message. Undefined for anything else: protocol messages, edits, deletions, reactions,
 * poll votes, pins, key distribution.
 *
 * A message that is not a text becomes its kind in brackets, with its caption: `[image] my receipt`, `[voice]`,
 * `[location]`. So the conversation shows that it arrived, and the agent gets the caption.
 */
export function inboundContent(message: WAMessageContent | null | undefined): InboundContent | undefined {
  const content = normalizeMessageContent(message ?? undefined);
  if (!content) return undefined;
  const written = writtenText(content);
  const found = written === undefined ? otherContent(content) : { kind: 'text' as const, text: written };
  if (!found) return undefined;
  // PostgreSQL's text can't hold NUL.
  const text = storedText(found.text.replaceAll('\0', '').trim());
  return text ? { kind: found.kind, text } : undefined;
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

function otherContent(content: WAMessageContent): InboundContent | undefined {
  const { imageMessage, videoMessage, audioMessage, documentMessage } = content;
  if (imageMessage) return inBrackets('image', imageMessage.caption);
  if (videoMessage) return inBrackets('video', videoMessage.caption);
  if (content.ptvMessage) return inBrackets('video');
  if (audioMessage) return inBrackets(audioMessage.ptt ? 'voice' : 'audio');
  if (documentMessage) return inBrackets('document', documentMessage.caption);
  if (content.stickerMessage || content.lottieStickerMessage) return inBrackets('sticker');
  if (content.locationMessage || content.liveLocationMessage) return inBrackets('location');
  if (content.contactMessage || content.contactsArrayMessage) return inBrackets('contact');
  if (content.orderMessage) return inBrackets('order');
  if (content.pollCreationMessage || content.pollCreationMessageV2 || content.pollCreationMessageV3) {
    return inBrackets('poll');
  }
  return undefined;
}

const inBrackets = (kind: MessageKind, caption?: string | null): InboundContent => ({
  kind,
  text: `[${kind}] ${caption ?? ''}`,
});
