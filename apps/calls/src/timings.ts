/** Times of a call, milliseconds. Constants in production; tests shorten some. */
export interface CallTimings {
  /** How long a frame of 20 ms of sound takes to be heard: 20, unless the caller of a test lives faster. */
  frameMs: number;
  /** How long a slot is kept for a call that shows no life: no stream, or no media on it. */
  leaseMs: number;
  renewEveryMs: number;
  sweepEveryMs: number;
  /** How often the records are searched for calls that nobody closed. */
  openCallsEveryMs: number;
  /** How often messages are searched for whose process died while they were spoken. */
  cutOffEveryMs: number;
  /** Nothing was added to a message for so long: see above. */
  cutOffAfterMs: number;
  /** A socket that has not shown a valid token by then is closed. */
  introductionMs: number;
  /** From the answer to the webhook to the start of its stream. */
  tokenLifeMs: number;
  /** No media and no answer for so long on an open stream: the other side is gone. */
  mediaGapMs: number;
  /** No speech for so long: the caller is asked once, then hung up on. */
  idleMs: number;
  /** Silence after speech that ends the message. */
  silenceMs: number;
  maxMessageMs: number;
  /** How long a model's server that failed is left alone before it is probed. */
  modelRestMs: number;
  maxCallMs: number;
  /** How long a service that stops waits for its live calls. */
  drainMs: number;
  /** After that, how long the goodbye may take. */
  farewellMs: number;
}

export const callTimings: CallTimings = {
  frameMs: 20,
  leaseMs: 12_000,
  renewEveryMs: 3000,
  sweepEveryMs: 2000,
  openCallsEveryMs: 60_000,
  cutOffEveryMs: 5000,
  cutOffAfterMs: 10_000,
  introductionMs: 10_000,
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
