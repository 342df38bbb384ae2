/** The heartbeat's key holds the last beat of the whole system. This one holds the record of one replica. */
export const replicaKey = (key: string, instance: string): string => `${key}:${instance}`;
/** Sorted set of the replicas, by their last beat, or by their last record before the first beat. */
export const indexKey = (key: string): string => `${key}:replicas`;
/** Sorted set of the replicas that left, by the time at which they did. */
export const leftKey = (key: string): string => `${key}:left`;

/** How long a beat counts: three intervals of the default length. */
export const BEAT_TTL_SECONDS = 90;
/** The longest interval between two beats. One missed beat must not make a replica look lost. */
export const MAX_INTERVAL_SECONDS = 30;
/** How long a replica that died or left stays listed. */
export const LOST_FOR_SECONDS = 3600;

/** Which process beats. */
export interface HeartbeatReplica {
  /** Unique among all replicas, such as `worker:host:1f2e3d4c`. */
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: Date;
}

/** What a replica writes about itself, as JSON under `<key>:<instance>`. All times are Unix seconds of Redis' clock. */
export interface HeartbeatRecord {
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
  /** By its own clock. */
  readonly started_at: number;
  /** `null` before the first beat; `failing` then says why. */
  readonly beat_at: number | null;
  readonly last_job_at: number | null;
  /** By queue: how its consumer showed that it works (`by` of `ConsumerLiveness`). */
  readonly queues: Readonly<Record<string, string>>;
  /** How far its clock is ahead of Redis' clock; negative when it is behind, 0 within 2 s. */
  readonly clock_ahead_seconds: number;
  /** By queue: why its consumer does not work. Absent while all of them do. */
  readonly failing?: Readonly<Record<string, string>>;
}
