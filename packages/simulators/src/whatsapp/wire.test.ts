import { decodeBinaryNode, encodeBinaryNode } from '@whiskeysockets/baileys';
import { describe, expect, it } from 'vitest';

import { frame, FrameReader, INTRO } from './frames.ts';
import { node } from './nodes.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

/**
 * The server uses the client's codec for nodes, so a fault of it would not show between the two. These were
 * encoded by hand, from whatsmeow's token table (https://github.com/tulir/whatsmeow, binary/token): 00 plain, f8 list, ff nibbles, fb hex, fc/fd binary, fa JID, f7 JID with device, and tokens
 * s.whatsapp.net 3, type 4, from 6, receipt 7, id 8, to 17, message 19, class 21, t 26, ack 27; `read-self` is
 * the first token of the first dictionary (ec).
 */
const fixtures = [
  [
    'an ack, with a hex id and a JID',
    node('ack', { class: 'message', id: '3EB0AB', from: '15550001@s.whatsapp.net' }),
    '00 f8 07 1b 15 13 08 fb 03 3e b0 ab 06 fa ff 04 15 55 00 01 03',
  ],
  [
    'a receipt, with an odd nibble id and a token of a dictionary',
    node('receipt', { id: '7-1', type: 'read-self', t: '1700000000' }),
    '00 f8 07 07 08 ff 82 7a 1f 04 ec 00 1a ff 05 17 00 00 00 00',
  ],
  [
    'a message to a device, with bytes',
    node('message', { to: '15550001:3@s.whatsapp.net' }, bytes('dead')),
    '00 f8 04 13 11 f7 00 03 ff 04 15 55 00 01 fc 02 de ad',
  ],
  [
    'children, and more than 255 bytes',
    node('message', {}, [node('receipt', {}, Buffer.alloc(300, 0xab))]),
    `00 f8 02 13 f8 01 f8 02 07 fd 00 01 2c ${'ab'.repeat(300)}`,
  ],
] as const;

describe('binary nodes', () => {
  it.each(fixtures)('encodes and decodes %s', async (_, item, hex) => {
    expect(encodeBinaryNode(item).toString('hex')).toBe(bytes(hex).toString('hex'));
    expect(await decodeBinaryNode(bytes(hex))).toEqual(item);
  });
});

describe('frames', () => {
  it('come out whole, however the bytes are cut', () => {
    const stream = Buffer.concat([INTRO, frame(Buffer.from('one')), frame(Buffer.alloc(70_000, 7))]);
    for (const size of [997, 4096, stream.length]) {
      const reader = new FrameReader();
      const frames: Buffer[] = [];
      for (let at = 0; at < stream.length; at += size)
        frames.push(...reader.push(stream.subarray(at, at + size)));
      expect(frames.map(({ length }) => length)).toEqual([3, 70_000]);
    }
  });

  it('come out of single bytes', () => {
    const reader = new FrameReader();
    const stream = Buffer.concat([INTRO, frame(Buffer.from('one')), frame(Buffer.from('two'))]);
    const frames = [...stream].flatMap((byte) => reader.push(Buffer.of(byte)));
    expect(frames.map(String)).toEqual(['one', 'two']);
  });

  it('may follow the routing info of an earlier connection', () => {
    const reader = new FrameReader();
    const intro = Buffer.concat([bytes('45 44 00 01 00 00 03 aa bb cc'), INTRO]);
    expect(reader.push(Buffer.concat([intro, frame(Buffer.from('hi'))]))).toEqual([Buffer.from('hi')]);
    expect(reader.routingInfo).toEqual(bytes('aabbcc'));
  });

  it('of another protocol are refused', () => {
    expect(() => new FrameReader().push(bytes('57 41 05 02 00'))).toThrow('WA 6 3');
  });
});
