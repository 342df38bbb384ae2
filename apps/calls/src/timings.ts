/** Times of a call in milliseconds. Constant in production; tests shorten some. */
export interface CallTimings {
  /** Time in which a frame of 20 ms of audio is played: 20, or less in tests with a faster caller. */
  frameMs: number;
  /** How long the slot of a call is kept without a stream, or without media on it. */
  leaseMs: number;
  renewEveryMs: number;
  sweepEveryMs: number;
  /** How often to search the database for calls that were not closed. */
  callRecoveryEveryMs: number;
  /** How often to search for messages whose process died while they were recorded. */
  recordingRecoveryEveryMs: number;
  /** Such a message is recovered if nothing was added for so long. */
  recordingRecoveryAfterMs: number;
  /** A socket without a valid token is closed after this time. */
  handshakeMs: number;
  /** Maximum from the answer to the webhook to the start of the stream. */
  tokenLifeMs: number;
  /** An open stream ends after so long without media and without answers to probes. */
  mediaGapMs: number;
  /** After so long without speech the caller is asked once, then hung up on. */
  idleMs: number;
  /** Silence after speech that ends the message. */
  silenceMs: number;
  maxMessageMs: number;
  /** How long a failed model server is left alone before it is probed. */
  modelRestMs: number;
  maxCallMs: number;
  /** How long a stopping service waits for its live calls. */
  drainMs: number;
  /** After that, how long the goodbye may take. */
  farewellMs: number;
}

export const callTimings: CallTimings = {
  frameMs: 20,
  leaseMs: 12_000,
  renewEveryMs: 3000,
  sweepEveryMs: 2000,
  callRecoveryEveryMs: 60_000,
  recordingRecoveryEveryMs: 5000,
  recordingRecoveryAfterMs: 10_000,
  handshakeMs: 10_000,
  tokenLifeMs: 60_000,
  mediaGapMs: 10_000,
  idleMs: 8000,
  silenceMs: 3000,
  maxMessageMs: 120_000,
  modelRestMs: 30_000,
  maxCallMs: 600_000,
  drainMs: 8000,
  farewellMs: 4000,
};
