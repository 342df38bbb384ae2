export interface ReplicaKeys {
  /** Sorted set: instance -> end of its lease, ms of Redis' clock. */
  readonly leases: string;
  /** Hash: instance -> its last report, JSON. */
  readonly reports: string;
  /** Hash: topic -> time of the last notification, ms of Redis' clock. */
  readonly notifications: string;
  /** String with an expiry: the temporary setting of a service. */
  setting(service: string): string;
}

/** How long a report counts, unless the replica asks for another lease. */
export const LEASE_MS = 10_000;

export function replicaKeys(prefix: string): ReplicaKeys {
  return {
    leases: `${prefix}:leases`,
    reports: `${prefix}:reports`,
    notifications: `${prefix}:asked`,
    setting: (service) => `${prefix}:told:${service}`,
  };
}

/** A value that survives `JSON.stringify` and `JSON.parse`. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Which process this is. */
export interface ReplicaIdentity {
  /** The kind of process, such as `worker`. */
  readonly service: string;
  /** Unique among all replicas, such as `worker:host:1f2e3d4c`. */
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: Date;
}
