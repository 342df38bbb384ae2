/** The key itself is the system's last beat; beside it one per replica, and two sorted sets of their names. */
export const replicaKey = (key: string, instance: string): string => `${key}:${instance}`;
/** By their last beat; by their last word where there is none. */
export const indexKey = (key: string): string => `${key}:replicas`;
/** By when they left. */
export const leftKey = (key: string): string => `${key}:left`;

/** A beat is worth this much; three of them at the usual rate. */
export const BEAT_TTL_SECONDS = 90;
/** What a replica may wait between two beats: one that is missed must not make it look lost. */
export const LONGEST_PAUSE_SECONDS = 30;
/** A replica that died or left stays visible this long. */
export const LOST_FOR_SECONDS = 3600;

export interface HeartbeatReplica {
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: Date;
}

/** What a replica writes about itself. Times are Unix seconds. */
export interface ReplicaBeat {
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
  readonly started_at: number;
  /** By Redis' clock; `null` for one that has not beaten yet, and says in `failing` why. */
  readonly beat_at: number | null;
  readonly last_job_at: number | null;
  /** How each queue's consumer proved that it works. */
  readonly queues: Readonly<Record<string, string>>;
  /** How far its clock is ahead of Redis', behind where negative; 0 within 2 s. */
  readonly clock_ahead_seconds: number;
  /** Why each consumer that does not work gives no proof; not there while all do. */
  readonly failing?: Readonly<Record<string, string>>;
}
