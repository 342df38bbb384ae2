import { NewChatMessageCappingStatusType } from '@whiskeysockets/baileys';
import { expect, test } from 'vitest';
import { Restrictions } from './restriction.ts';

const { CAPPED, NONE } = NewChatMessageCappingStatusType;
const now = new Date('2026-01-12T10:00:00Z');
const later = new Date('2026-01-12T11:00:00Z');

test('a timelock holds until its end', () => {
  const restrictions = new Restrictions();
  restrictions.timelock({ isActive: true, timeEnforcementEnds: later });
  expect(restrictions.at(now)).toEqual([{ reason: 'reachout_timelock', until: later }]);
  expect(restrictions.at(later)).toEqual([]);
});

test('a timelock without an end holds until it is lifted', () => {
  const restrictions = new Restrictions();
  restrictions.timelock({ isActive: true });
  expect(restrictions.at(now)).toEqual([{ reason: 'reachout_timelock', until: undefined }]);
  restrictions.timelock({ isActive: false });
  expect(restrictions.at(now)).toEqual([]);
});

test('a cap holds until its cycle ends, independently of a timelock', () => {
  const restrictions = new Restrictions();
  const end = String(later.getTime() / 1000);
  restrictions.newChatCap({ capping_status: CAPPED, cycle_end_timestamp: end });
  expect(restrictions.at(now)).toEqual([{ reason: 'new_chat_cap', until: later }]);
  restrictions.timelock({ isActive: true, timeEnforcementEnds: new Date(0) });
  expect(restrictions.at(now)).toHaveLength(2);
  restrictions.newChatCap({ capping_status: NONE });
  expect(restrictions.at(later)).toEqual([{ reason: 'reachout_timelock', until: undefined }]);
});
