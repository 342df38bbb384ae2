import { createLogger } from '@prosaas/runtime';
import { expect, test, vi } from 'vitest';
import { WebhookRefusals } from './webhook-refusals.ts';

test('a wrong signature is remembered until a right one comes, or for an hour; after a right one it is a stranger', () => {
  const log = createLogger({ service: 'calls', instance: 'test', level: 'silent' });
  const count = vi.fn<(reason: string) => void>();
  let now = 0;
  const refusals = new WebhookRefusals({ count, log, now: () => now });
  expect(refusals.signatureTrouble).toBeUndefined();
  refusals.add('malformed');
  expect(refusals.signatureTrouble).toBeUndefined();
  refusals.add('signature_invalid');
  now += 3_599_999;
  expect(refusals.signatureTrouble).toBe('signature_invalid');
  now += 1;
  expect(refusals.signatureTrouble).toBeUndefined();
  refusals.add('signature_missing');
  expect(refusals.signatureTrouble).toBe('signature_missing');
  refusals.signed();
  expect(refusals.signatureTrouble).toBeUndefined();
  refusals.add('signature_missing');
  expect(refusals.signatureTrouble).toBeUndefined();
  now += 3_600_000;
  refusals.add('signature_missing');
  expect(refusals.signatureTrouble).toBe('signature_missing');
  expect(count.mock.calls.flat()).toEqual([
    'malformed',
    'signature_invalid',
    'signature_missing',
    'signature_missing',
    'signature_missing',
  ]);
});
