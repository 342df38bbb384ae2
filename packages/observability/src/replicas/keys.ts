export interface ReplicaKeys {
  /** Sorted set: instance -> end of its lease, ms of Redis' clock. */
  readonly leases: string;
  /** Hash: instance -> what it says of itself, JSON. */
  readonly reports: string;
  /** Hash: topic -> when it was asked for last. */
  readonly asked: string;
}

export function replicaKeys(prefix: string): ReplicaKeys {
  return { leases: `${prefix}:leases`, reports: `${prefix}:reports`, asked: `${prefix}:asked` };
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
