export interface ReplicaKeys {
  /** Sorted set: instance -> end of its lease, ms of Redis' clock. */
  readonly leases: string;
  /** Hash: instance -> what it says of itself, JSON. */
  readonly reports: string;
  /** Hash: topic -> when it was asked for last. */
  readonly asked: string;
  /** String, for a while: what all replicas of a service are told. */
  told(service: string): string;
}

/** How long a word of a replica's is worth, unless it says otherwise. */
export const LEASE_MS = 10_000;

export function replicaKeys(prefix: string): ReplicaKeys {
  return {
    leases: `${prefix}:leases`,
    reports: `${prefix}:reports`,
    asked: `${prefix}:asked`,
    told: (service) => `${prefix}:told:${service}`,
  };
}

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

export interface ReplicaIdentity {
  readonly service: string;
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: Date;
}
