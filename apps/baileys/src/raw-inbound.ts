import { type WAMessage, proto } from '@whiskeysockets/baileys';

/** A decrypted message as JSON. `content` is its protobuf, in base64. */
interface RawInbound {
  key: WAMessage['key'];
  pushName: string | null;
  messageTimestamp: number;
  content: string;
}

/** @param content the decrypted bytes, which may hold fields that this client does not know */
export function encodeRaw(message: WAMessage, content?: Uint8Array): Uint8Array {
  const bytes = content ?? proto.Message.encode(message.message ?? {}).finish();
  const raw: RawInbound = {
    key: message.key,
    pushName: message.pushName ?? null,
    messageTimestamp: Number(message.messageTimestamp ?? 0),
    content: Buffer.from(bytes).toString('base64'),
  };
  return Buffer.from(JSON.stringify(raw));
}

export function decodeRaw(raw: Uint8Array): WAMessage {
  const { content, ...rest } = JSON.parse(Buffer.from(raw).toString()) as RawInbound;
  return { ...rest, message: decodeContent(Buffer.from(content, 'base64')) };
}

export function decodeContent(bytes: Uint8Array): proto.IMessage {
  const message = proto.Message.decode(bytes);
  return message.deviceSentMessage?.message ?? message;
}

/** Removes the padding: up to sixteen bytes, each of which holds their number. @throws RangeError for another padding */
export function unpad(padded: Uint8Array): Uint8Array {
  const padding = padded.at(-1);
  if (padding === undefined || padding > padded.length)
    throw new RangeError('the padding is longer than the message');
  return padded.subarray(0, padded.length - padding);
}
