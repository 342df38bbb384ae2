import { createLogger } from '@prosaas/runtime';
import { expect, test, vi } from 'vitest';
import { DatabaseTrouble, troubleReason } from './database-trouble.ts';

const answered = (code: string): Error =>
  Object.assign(new Error('told by the server'), { code, severity: 'ERROR' });
const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

test.each([
  [away, 'database_unavailable'],
  [answered('57014'), 'database_unavailable'],
  [answered('25006'), 'database_read_only'],
  [answered('53100'), 'database_disk_full'],
  [answered('53200'), 'database_out_of_memory'],
  [answered('58030'), 'database_cannot_write'],
  [answered('42703'), 'database_mismatch'],
  [answered('42501'), 'database_permission_denied'],
  [answered('23503'), 'database_error'],
  [answered('XX000'), 'database_error'],
  [new Error('of another kind'), 'database_error'],
])('%s is told as %s', (error, reason) => {
  expect(troubleReason(error)).toBe(reason);
});

test('a session shows its trouble by its latest reason until it is over', () => {
  const onChange = vi.fn();
  const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  const trouble = new DatabaseTrouble({ log, session: 'shop', onChange });
  trouble.end();
  trouble.begin(away);
  trouble.begin(away);
  trouble.begin(answered('57P03'));
  trouble.begin(answered('25006'));
  expect(trouble.reason).toBe('database_read_only');
  trouble.end();
  trouble.end();
  expect(trouble.reason).toBeUndefined();
  expect(onChange).toHaveBeenCalledTimes(3);
});
