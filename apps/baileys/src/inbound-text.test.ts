import { type WAMessageContent, proto } from '@whiskeysockets/baileys';
import { describe, expect, test } from 'vitest';
import { inboundText } from './inbound-text.ts';

const REVOKE = proto.Message.ProtocolMessage.Type.REVOKE;
const EDIT = proto.Message.ProtocolMessage.Type.MESSAGE_EDIT;

describe('what a person wrote', () => {
  test.each<[string, WAMessageContent, string]>([
    ['a plain message', { conversation: 'hello' }, 'hello'],
    ['a right-to-left message', { conversation: 'מה שעות הפתיחה?' }, 'מה שעות הפתיחה?'],
    ['a message with context', { extendedTextMessage: { text: 'hello' } }, 'hello'],
    [
      'a disappearing message',
      { ephemeralMessage: { message: { extendedTextMessage: { text: 'hi' } } } },
      'hi',
    ],
    [
      'key distribution beside a text',
      { senderKeyDistributionMessage: {}, messageContextInfo: {}, conversation: 'hello' },
      'hello',
    ],
    ['an image', { imageMessage: {} }, '[image]'],
    ['an image with a caption', { imageMessage: { caption: 'my receipt' } }, '[image] my receipt'],
    ['an image to be seen once', { viewOnceMessageV2: { message: { imageMessage: {} } } }, '[image]'],
    [
      'a document with a caption',
      { documentWithCaptionMessage: { message: { documentMessage: { caption: 'offer' } } } },
      '[document] offer',
    ],
    ['a voice message', { audioMessage: { ptt: true } }, '[voice]'],
    ['an audio file', { audioMessage: {} }, '[audio]'],
    ['a sticker', { stickerMessage: {} }, '[sticker]'],
    ['a location', { locationMessage: { degreesLatitude: 1 } }, '[location]'],
    ['a contact card', { contactMessage: {} }, '[contact]'],
    ['a pressed button', { buttonsResponseMessage: { selectedDisplayText: 'Yes' } }, 'Yes'],
    ['a text with NUL', { conversation: 'a\0b' }, 'ab'],
  ])('%s', (_name, message, text) => {
    expect(inboundText(message)).toBe(text);
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
  ])('%s is no message', (_name, message) => {
    expect(inboundText(message)).toBeUndefined();
  });
});
