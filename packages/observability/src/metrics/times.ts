/** Times of the publishing protocol, in ms. All processes of a system must use the same. Only tests have a reason to change them. */
export interface ProtocolTimes {
  /** Time limit of a Redis command, so that metrics never delay the work that they count. */
  readonly limitMs: number;
  /** A reading is not complete when a publisher's last values are older than this. */
  readonly freshMs: number;
  /** After a roll-back readers wait this long for a publisher to come back. */
  readonly giveUpMs: number;
  /** How long Redis remembers which values of a process it folded. */
  readonly tombstoneMs: number;
  /** How much Redis may lose in a crash. When it lost more, including a fold, a new store begins. */
  readonly maxRollbackMs: number;
}

export const PROTOCOL_TIMES: ProtocolTimes = {
  limitMs: 1000,
  freshMs: 3000,
  giveUpMs: 10_000,
  tombstoneMs: 7 * 24 * 3600 * 1000,
  maxRollbackMs: 30_000,
};
