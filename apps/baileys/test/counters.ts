import { MetricsReader } from '@prosaas/observability';
import { keyspace } from '@prosaas/runtime';
import { catalogue } from '@prosaas/telemetry';
import type { Stack } from './harness.ts';

export interface Counters {
  inbound: number;
  outbound: number;
  errors: number;
}

/** The counters of all replicas. */
export async function readCounters(stack: Stack): Promise<Counters> {
  const { key } = keyspace('prosaas');
  const reader = new MetricsReader({
    redis: stack.commands,
    keyPrefix: key('metrics'),
    catalogue,
    onError: () => {},
  });
  const { counters } = await reader.read();
  return {
    inbound: counters['whatsapp_inbound_messages'] ?? 0,
    outbound: counters['whatsapp_outbound_messages'] ?? 0,
    errors: counters['whatsapp_errors'] ?? 0,
  };
}
