/** Times of the publishing protocol, in ms. Only proofs and tests have a reason to use others. */
export interface ProtocolTimes {
  /** Commands of metrics may take this long: they never hold up the work that they count. */
  readonly limitMs: number;
  /** A publisher whose last word is older may have counted since; `complete` is false then. */
  readonly freshMs: number;
  /** A publisher that does not come back after a roll-back within this time is gone. */
  readonly giveUpMs: number;
  /** How long Redis remembers what a folded process had published last. */
  readonly tombstoneMs: number;
  /** A Redis that crashes may lose this much; one that lost more, and folded counts with it, begins anew. */
  readonly maxRollbackMs: number;
}

export const PROTOCOL_TIMES: ProtocolTimes = {
  limitMs: 1000,
  freshMs: 3000,
  giveUpMs: 10_000,
  tombstoneMs: 7 * 24 * 3600 * 1000,
  maxRollbackMs: 30_000,
};
