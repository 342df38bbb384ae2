import type { MessageKind } from '@prosaas/database';
import { type WAMessageContent, normalizeMessageContent } from '@whiskeysockets/baileys';
import { storedText } from './inbound-limits.ts';

export interface InboundContent {
  kind: MessageKind;
  text: string;
}

/**
 * What a person wrote: its kind, and as text; undefined for what is not a message of a person (protocol messages, edits and
 * deletions, reactions, poll votes, pins, key distribution).
 *
 * What is not text is kept as its kind in brackets, with the caption where there is one: `[image] my receipt`,
 * `[voice]`, `[location]`. So the conversation shows that something came, and a caption reaches the agent.
 */
export function inboundContent(message: WAMessageContent | null | undefined): InboundContent | undefined {
  const content = normalizeMessageContent(message ?? undefined);
  if (!content) return undefined;
  const written = writtenText(content);
  const found = written === undefined ? otherContent(content) : { kind: 'text' as const, text: written };
  if (!found) return undefined;
  // PostgreSQL's text has no NUL.
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
