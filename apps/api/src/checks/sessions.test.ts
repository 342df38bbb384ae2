import { expect, test } from 'vitest';
import { countSessions, summarizeSessions } from './sessions.ts';

const session = (status: string, reason: string | null = null) => ({ id: status, status, reason });

test.each([
  ['no session', [], 'pass', {}],
  ['all work', [session('WORKING'), session('WORKING')], 'pass', {}],
  ['one is stopped on purpose', [session('WORKING'), session('STOPPED')], 'pass', {}],
  ['one waits to be paired', [session('WORKING'), session('SCAN_QR_CODE')], 'warn', { scan_qr_code: 1 }],
  [
    'none works',
    [session('FAILED', 'logged_out'), session('STARTING')],
    'fail',
    { logged_out: 1, starting: 1 },
  ],
])('%s', (_name, sessions, status, reasons) => {
  expect(summarizeSessions(sessions)).toMatchObject({ status, reasons });
});

test('counts sessions by state and leaves out unknown states', () => {
  const sessions = [
    session('WORKING'),
    session('WORKING'),
    session('FAILED', 'logged_out'),
    session('NEWER'),
  ];
  expect(countSessions(sessions)).toEqual({
    STOPPED: 0,
    STARTING: 0,
    SCAN_QR_CODE: 0,
    WORKING: 2,
    FAILED: 1,
  });
});
