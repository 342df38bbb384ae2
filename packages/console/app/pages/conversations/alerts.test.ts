import { expect, test } from 'vitest';
import { beganToWait } from './alerts.ts';
import type { Conversation } from './records.ts';

const chat = (id: string, since: string) => ({ id, state_since: since }) as Conversation;

test('alerts once for a chat, and again when it waits once more', () => {
  const known = new Set(['a 1']);
  expect(beganToWait(undefined, [chat('a', '1')])).toEqual([]);
  expect(beganToWait(known, [chat('a', '1')])).toEqual([]);
  expect(beganToWait(known, [chat('a', '2'), chat('b', '1')])).toEqual([chat('a', '2'), chat('b', '1')]);
});
