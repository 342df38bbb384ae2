import { createLogger } from '@prosaas/runtime';
import { expect, test, vi } from 'vitest';
import { DatabaseOutage, outageReason } from './database-outage.ts';

const serverError = (code: string): Error =>
  Object.assign(new Error('a server error'), { code, severity: 'ERROR' });
const unreachable = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

test.each([
  [unreachable, 'database_unavailable'],
  [serverError('57014'), 'database_unavailable'],
  [serverError('25006'), 'database_read_only'],
  [serverError('53100'), 'database_disk_full'],
  [serverError('53200'), 'database_out_of_memory'],
  [serverError('58030'), 'database_cannot_write'],
  [serverError('42703'), 'database_mismatch'],
  [serverError('42501'), 'database_permission_denied'],
  [serverError('23503'), 'database_error'],
  [serverError('XX000'), 'database_error'],
  [new Error('of another kind'), 'database_error'],
])('%s has the reason %s', (error, reason) => {
  expect(outageReason(error)).toBe(reason);
});

test('a session shows the latest reason of an outage until it ends', () => {
  const onChange = vi.fn();
  const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  const outage = new DatabaseOutage({ log, session: 'shop', onChange });
  outage.end();
  outage.begin(unreachable);
  outage.begin(unreachable);
  outage.begin(serverError('57P03'));
  outage.begin(serverError('25006'));
  expect(outage.reason).toBe('database_read_only');
  outage.end();
  outage.end();
  expect(outage.reason).toBeUndefined();
  expect(onChange).toHaveBeenCalledTimes(3);
});
