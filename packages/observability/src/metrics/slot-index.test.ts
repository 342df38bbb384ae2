import { expect, test } from 'vitest';
import { SlotIndex } from './slot-index.ts';

test('finds the slot of every key, and none for an unknown key', () => {
  const keys: string[] = [];
  const index = new SlotIndex((slot) => keys[slot]!);
  for (let slot = 0; slot < 5000; slot++) {
    const key = `c["metric",{"route":"/things/${slot}"}]`;
    expect(index.find(key)).toBeUndefined();
    index.add(key, keys.push(key) - 1);
  }
  expect(keys.map((key) => index.find(key))).toEqual(keys.map((_, slot) => slot));
  expect(index.find('')).toBeUndefined();
});
