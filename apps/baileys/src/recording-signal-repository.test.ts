import { createLogger } from '@prosaas/runtime';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { expect, test } from 'vitest';
import { RecordingSignalRepository } from './recording-signal-repository.ts';

const PHONE = '972501234567@s.whatsapp.net';
const withoutContent = (attrs: Record<string, string> = {}): BinaryNode => ({
  tag: 'message',
  attrs: { id: 'A', from: PHONE, type: 'text', t: '1767225600', ...attrs },
  content: [{ tag: 'unavailable', attrs: { type: 'view_once' } }],
});

function recording(commit: () => Promise<void>, signal: AbortSignal = new AbortController().signal) {
  const counted = { errors: 0 };
  const subject = new RecordingSignalRepository({
    creds: { me: { id: '15550000001:3@s.whatsapp.net' } },
    inbox: { prepareWrite: async () => undefined, writePending: async () => () => {} },
    commit,
    signal,
    log: createLogger({ service: 'test', instance: 'test', level: 'silent' }),
    onError: () => (counted.errors += 1),
    withFaults: false,
  });
  return { subject, counted };
}
const refuse = (): Promise<void> => Promise.reject(new Error('invalid byte sequence'));

test('rejects and counts an error when a message without content cannot be recorded', async () => {
  const { subject, counted } = recording(refuse);
  await expect(subject.beforeHandling(withoutContent())).rejects.toThrow('invalid byte sequence');
  expect(counted.errors).toBe(1);
});

test('counts no error when the connection has closed', async () => {
  const { subject, counted } = recording(refuse, AbortSignal.abort());
  await expect(subject.beforeHandling(withoutContent())).rejects.toThrow('invalid byte sequence');
  expect(counted.errors).toBe(0);
});

test('resolves when a message is recorded, and for a stanza with an invalid sender', async () => {
  let commits = 0;
  const { subject, counted } = recording(async () => void (commits += 1));
  await subject.beforeHandling(withoutContent());
  expect(commits).toBe(1);
  await subject.beforeHandling(withoutContent({ from: 'nonsense' }));
  expect({ commits, ...counted }).toEqual({ commits: 1, errors: 0 });
});
