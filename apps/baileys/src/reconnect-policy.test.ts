import { describe, expect, test } from 'vitest';
import {
  type Closed,
  MAX_QR_ROUNDS,
  STABLE_MS,
  decideReconnect,
  reconnectDelay,
  stallsInRow,
} from './reconnect-policy.ts';

const closed = (code: number | undefined, more: Partial<Closed> = {}): Closed => ({
  code,
  transport: false,
  qrExpired: false,
  ...more,
});
const first = { attempts: 0, qrRounds: 0 };

describe('decideReconnect', () => {
  test('reconnects at once after the first 515, which follows a pairing', () => {
    expect(decideReconnect(closed(515), first, 0.9)).toEqual({
      action: 'reconnect',
      delayMs: 0,
      reason: 'restart_required',
      error: false,
    });
  });

  test('delays the next connection after repeated 515', () => {
    expect(decideReconnect(closed(515), { attempts: 3, qrRounds: 0 }, 1)).toMatchObject({
      action: 'reconnect',
      delayMs: 8000,
    });
  });

  test.each([
    [428, 'connection_closed', false],
    [408, 'connection_lost', false],
    [500, 'bad_session', true],
    [503, 'unavailable', true],
    [502, 'connection_closed', true],
    [499, 'connection_closed', false],
    [undefined, 'connection_closed', false],
  ])('reconnects after %s with a delay (%s, counted as an error: %s)', (code, reason, error) => {
    expect(decideReconnect(closed(code), first, 0)).toEqual({
      action: 'reconnect',
      delayMs: 500,
      reason,
      error,
    });
  });

  test.each([
    [401, 'logged_out'],
    [402, 'temporarily_banned'],
    [403, 'forbidden'],
    [405, 'client_outdated'],
    [406, 'banned'],
    [409, 'client_refused'],
    [411, 'multidevice_mismatch'],
    [440, 'replaced'],
  ])('stops after %i with the reason %s', (code, reason) => {
    expect(decideReconnect(closed(code), first, 0)).toEqual({ action: 'stop', reason });
  });

  test.each([401, 403, 405])('reconnects after an HTTP %i, which may come from a proxy', (code) => {
    expect(decideReconnect(closed(code, { transport: true }), first, 0)).toMatchObject({
      action: 'reconnect',
      reason: 'unreachable',
      error: false,
    });
  });

  test('shows new QR codes when they expire, and stops after the last round', () => {
    const expired = closed(408, { qrExpired: true });
    expect(decideReconnect(expired, first, 0)).toMatchObject({ action: 'reconnect', delayMs: 0 });
    expect(decideReconnect(expired, { attempts: 0, qrRounds: MAX_QR_ROUNDS - 1 }, 0)).toEqual({
      action: 'stop',
      reason: 'qr_timeout',
    });
  });
});

test.each([
  ['a first stall', 0, {}, 1],
  ['another stall', 4, {}, 5],
  ['a stall after a message was stored', 4, { hasStored: true }, 1],
  ['a stall of a long connection', 4, { lastedMs: STABLE_MS + 1 }, 1],
  ['a lost connection', 4, { stalled: false }, 4],
  ['a lost connection after a message was stored', 4, { stalled: false, hasStored: true }, 0],
  ['a lost connection that was long', 4, { stalled: false, lastedMs: STABLE_MS + 1 }, 0],
])('stallsInRow: %s', (_, before, closing, stalls) => {
  expect(stallsInRow(before, { stalled: true, hasStored: false, lastedMs: 20_000, ...closing })).toBe(stalls);
});

describe('reconnectDelay', () => {
  test.each([
    [0, 500, 1000],
    [1, 1000, 2000],
    [4, 8000, 16_000],
    [6, 30_000, 60_000],
    [1000, 30_000, 60_000],
  ])('after %i attempts is between %i and %i ms', (attempts, least, most) => {
    expect(reconnectDelay(attempts, 0)).toBe(least);
    expect(reconnectDelay(attempts, 1)).toBe(most);
  });
});
