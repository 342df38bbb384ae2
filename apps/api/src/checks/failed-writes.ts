import { isWriteOutage } from '@prosaas/database';
import type { ReplicaStatus } from '@prosaas/observability';

/** Services that could not write to PostgreSQL lately. */
export interface FailedWrites {
  /** Of one of them: of an outage, if there is one. */
  reason: string;
  services: string[];
}

/** What the replicas of `services`, or of all of them, say in their reports. */
export function findFailedWrites(
  replicas: readonly Pick<ReplicaStatus, 'service' | 'report'>[],
  isAsked: (service: string) => boolean = () => true,
): FailedWrites | undefined {
  const failed = replicas.flatMap(({ service, report: { write_failure: reason } }) =>
    isAsked(service) && typeof reason === 'string' && /^[a-z_]{1,40}$/.test(reason)
      ? [{ service, reason }]
      : [],
  );
  const told = failed.find(({ reason }) => isWriteOutage(reason)) ?? failed[0];
  if (told === undefined) return undefined;
  return { reason: told.reason, services: [...new Set(failed.map(({ service }) => service))] };
}
