import { expect, test } from 'vitest';
import { countSessions, judgeSessions } from './sessions.ts';

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
])('%s: %#', (_name, sessions, status, reasons) => {
  expect(judgeSessions(sessions)).toMatchObject({ status, reasons });
});

test('sessions are counted by state, and a state that nobody knows is left out', () => {
  const seen = [session('WORKING'), session('WORKING'), session('FAILED', 'logged_out'), session('NEWER')];
  expect(countSessions(seen)).toEqual({ STOPPED: 0, STARTING: 0, SCAN_QR_CODE: 0, WORKING: 2, FAILED: 1 });
});
