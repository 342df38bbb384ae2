import type { BinaryNode } from '@whiskeysockets/baileys';

export const SERVER = '@s.whatsapp.net';

export function node(
  tag: string,
  attrs: Record<string, string | undefined> = {},
  content?: BinaryNode['content'],
): BinaryNode {
  const present = Object.entries(attrs).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { tag, attrs: Object.fromEntries(present), ...(content === undefined ? {} : { content }) };
}

export function children(parent: BinaryNode | undefined, tag?: string): BinaryNode[] {
  if (!Array.isArray(parent?.content)) return [];
  return tag === undefined ? parent.content : parent.content.filter((item) => item.tag === tag);
}

export function child(parent: BinaryNode | undefined, tag: string): BinaryNode | undefined {
  return children(parent, tag)[0];
}

/** The binary content of a child, or undefined. */
export function childBytes(parent: BinaryNode | undefined, tag: string): Buffer | undefined {
  const content = child(parent, tag)?.content;
  return content instanceof Uint8Array ? Buffer.from(content) : undefined;
}

export function textOf(item: BinaryNode | undefined): string {
  if (typeof item?.content === 'string') return item.content;
  return item?.content instanceof Uint8Array ? Buffer.from(item.content).toString() : '';
}

export function uintBytes(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
}

export function unixSeconds(at: Date = new Date()): string {
  return Math.floor(at.getTime() / 1000).toString();
}

/** The stanza with a ciphertext that can't be decrypted: its Signal version does not exist. */
export function corrupted(stanza: BinaryNode): BinaryNode {
  const [enc] = stanza.content as BinaryNode[];
  const bytes = Buffer.from(enc!.content as Uint8Array);
  bytes[0] = 0x11;
  return { ...stanza, content: [{ ...enc!, content: bytes }] };
}
