/** Differences up to this size count as "in step". */
const TOLERANCE_MS = 2000;

/** One request for a server's time. All times are Unix ms. */
interface ClockComparison {
  /** Local time before the request. */
  readonly sentAt: number;
  /** Local time after the reply. */
  readonly receivedAt: number;
  /** The time in the reply. */
  readonly serverTime: number;
  /** The most that the server rounds its time down by: 999 for one that replies in whole seconds. */
  readonly roundedDownMs?: number;
}

/**
 * How many seconds the local clock is ahead of a server's clock, at least; negative when it is behind. The result is 0 up to a
 * difference of 2 s, and whenever the time that the request took can explain the difference: a slow reply never makes a clock look wrong.
 */
export function clockAheadSeconds({
  sentAt,
  receivedAt,
  serverTime,
  roundedDownMs = 0,
}: ClockComparison): number {
  const latest = serverTime + roundedDownMs;
  const aheadMs = sentAt > latest ? sentAt - latest : receivedAt < serverTime ? receivedAt - serverTime : 0;
  return Math.abs(aheadMs) > TOLERANCE_MS ? Math.round(aheadMs / 100) / 10 : 0;
}
