import { isWriteOutage } from '@prosaas/database';
import type { ReplicaStatus } from '@prosaas/observability';

/** Services that recently could not write to PostgreSQL. */
export interface FailedWrites {
  /** Reason code of one of them; that of an outage, if one of them has one. */
  reason: string;
  services: string[];
}

/** Reads failed writes from the reports of the replicas whose service passes `includes`. */
export function findFailedWrites(
  replicas: readonly Pick<ReplicaStatus, 'service' | 'report'>[],
  includes: (service: string) => boolean = () => true,
): FailedWrites | undefined {
  const failed = replicas.flatMap(({ service, report: { write_failure: reason } }) =>
    includes(service) && typeof reason === 'string' && /^[a-z_]{1,40}$/.test(reason)
      ? [{ service, reason }]
      : [],
  );
  const worst = failed.find(({ reason }) => isWriteOutage(reason)) ?? failed[0];
  if (worst === undefined) return undefined;
  return { reason: worst.reason, services: [...new Set(failed.map(({ service }) => service))] };
}
