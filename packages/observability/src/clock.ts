/** A clock that is less off is right. */
const CLOCK_OFF_MS = 2000;

/** One question for a server's time. All are Unix ms. */
interface ClockReading {
  /** By the own clock, before the question and after the answer. */
  readonly asked: number;
  readonly answered: number;
  /** What the server said. */
  readonly server: number;
  /** How far the server rounds down. */
  readonly roundedMs?: number;
}

/**
 * How many seconds the own clock is ahead of the server's at least (negative: behind); 0 within 2 s, and where the answer may as well
 * have been late. An answer that takes long never makes a clock look wrong.
 */
export function secondsAhead({ asked, answered, server, roundedMs = 0 }: ClockReading): number {
  const latest = server + roundedMs;
  const ahead = asked > latest ? asked - latest : answered < server ? answered - server : 0;
  return Math.abs(ahead) > CLOCK_OFF_MS ? Math.round(ahead / 100) / 10 : 0;
}
