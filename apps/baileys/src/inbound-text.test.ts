import { type WAMessageContent, proto } from '@whiskeysockets/baileys';
import { describe, expect, test } from 'vitest';
import { inboundContent } from './inbound-text.ts';

const REVOKE = proto.Message.ProtocolMessage.Type.REVOKE;
const EDIT = proto.Message.ProtocolMessage.Type.MESSAGE_EDIT;

describe('inboundContent', () => {
  test.each<[string, WAMessageContent, string, string]>([
    ['a plain message', { conversation: 'hello' }, 'text', 'hello'],
    ['a right-to-left message', { conversation: 'מה שעות הפתיחה?' }, 'text', 'מה שעות הפתיחה?'],
    ['a message with context', { extendedTextMessage: { text: 'hello' } }, 'text', 'hello'],
    [
      'a disappearing message',
      { ephemeralMessage: { message: { extendedTextMessage: { text: 'hi' } } } },
      'text',
      'hi',
    ],
    [
      'key distribution beside a text',
      { senderKeyDistributionMessage: {}, messageContextInfo: {}, conversation: 'hello' },
      'text',
      'hello',
    ],
    ['an image', { imageMessage: {} }, 'image', '[image]'],
    ['an image with a caption', { imageMessage: { caption: 'my receipt' } }, 'image', '[image] my receipt'],
    [
      'an image to be seen once',
      { viewOnceMessageV2: { message: { imageMessage: {} } } },
      'image',
      '[image]',
    ],
    [
      'a document with a caption',
      { documentWithCaptionMessage: { message: { documentMessage: { caption: 'offer' } } } },
      'document',
      '[document] offer',
    ],
    ['a voice message', { audioMessage: { ptt: true } }, 'voice', '[voice]'],
    ['an audio file', { audioMessage: {} }, 'audio', '[audio]'],
    ['a sticker', { stickerMessage: {} }, 'sticker', '[sticker]'],
    ['a video with a caption', { videoMessage: { caption: 'the leak' } }, 'video', '[video] the leak'],
    ['a round video', { ptvMessage: {} }, 'video', '[video]'],
    ['an order', { orderMessage: {} }, 'order', '[order]'],
    ['a poll', { pollCreationMessageV3: {} }, 'poll', '[poll]'],
    ['a location', { locationMessage: { degreesLatitude: 1 } }, 'location', '[location]'],
    ['a contact card', { contactMessage: {} }, 'contact', '[contact]'],
    ['a pressed button', { buttonsResponseMessage: { selectedDisplayText: 'Yes' } }, 'text', 'Yes'],
    ['a text with NUL', { conversation: 'a\0b' }, 'text', 'ab'],
  ])('reads %s', (_name, message, kind, text) => {
    expect(inboundContent(message)).toEqual({ kind, text });
  });

  test.each<[string, WAMessageContent | null | undefined]>([
    ['nothing', undefined],
    ['null', null],
    ['an empty message', {}],
    ['an empty text', { conversation: '  ' }],
    ['a deletion', { protocolMessage: { type: REVOKE } }],
    [
      'an edit',
      {
        editedMessage: {
          message: { protocolMessage: { type: EDIT, editedMessage: { conversation: 'other' } } },
        },
      },
    ],
    ['a reaction', { reactionMessage: { text: '👍' } }],
    ['a reaction that is encrypted', { encReactionMessage: {} }],
    ['a vote', { pollUpdateMessage: {} }],
    ['a pin', { pinInChatMessage: {} }],
    ['key distribution alone', { senderKeyDistributionMessage: {} }],
    ['context alone', { messageContextInfo: {} }],
  ])('reads no message from %s', (_name, message) => {
    expect(inboundContent(message)).toBeUndefined();
  });
});
