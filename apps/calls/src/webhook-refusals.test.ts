import { createLogger } from '@prosaas/runtime';
import { expect, test, vi } from 'vitest';
import { WebhookRefusals } from './webhook-refusals.ts';

test('reports an invalid signature for an hour or until a valid one, and ignores it within an hour after a valid one', () => {
  const log = createLogger({ service: 'calls', instance: 'test', level: 'silent' });
  const count = vi.fn<(reason: string) => void>();
  let now = 0;
  const refusals = new WebhookRefusals({ count, log, now: () => now });
  expect(refusals.signatureProblem).toBeUndefined();
  refusals.add('malformed');
  expect(refusals.signatureProblem).toBeUndefined();
  refusals.add('signature_invalid');
  now += 3_599_999;
  expect(refusals.signatureProblem).toBe('signature_invalid');
  now += 1;
  expect(refusals.signatureProblem).toBeUndefined();
  refusals.add('signature_missing');
  expect(refusals.signatureProblem).toBe('signature_missing');
  refusals.signed();
  expect(refusals.signatureProblem).toBeUndefined();
  refusals.add('signature_missing');
  expect(refusals.signatureProblem).toBeUndefined();
  now += 3_600_000;
  refusals.add('signature_missing');
  expect(refusals.signatureProblem).toBe('signature_missing');
  expect(count.mock.calls.flat()).toEqual([
    'malformed',
    'signature_invalid',
    'signature_missing',
    'signature_missing',
    'signature_missing',
  ]);
});
