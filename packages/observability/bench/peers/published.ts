import type { Redis } from 'ioredis';
import { type Catalogue, MetricsReader, MetricsRegistry, defineCatalogue } from '../../src/index.ts';
import { Publication } from '../../src/metrics/publication.ts';
import { redisStore } from '../../src/metrics/store.ts';
import { PROTOCOL_TIMES } from '../../src/metrics/times.ts';

/** Counters and gauges, two to one, of one process. */
export function registryOf(series: number): { registry: MetricsRegistry; step(): void } {
  const catalogue: Record<string, Catalogue[string]> = {};
  const perMetric = 50;
  for (let metric = 0; metric * perMetric < series; metric++) {
    const labels = { kind: Array.from({ length: perMetric }, (_, i) => `kind_${i}`) };
    const type = metric % 3 === 2 ? 'gauge' : 'counter';
    catalogue[`metric_${metric}`] = { type, help: '', labels };
  }
  const registry = new MetricsRegistry(defineCatalogue(catalogue));
  const steps = Array.from({ length: series }, (_, i) => {
    const name = `metric_${Math.floor(i / perMetric)}`;
    const labels = { kind: `kind_${i % perMetric}` };
    const handle =
      catalogue[name]!.type === 'gauge' ? registry.gauge(name, labels) : registry.counter(name, labels);
    return () => handle.add(1);
  });
  return { registry, step: () => steps.forEach((one) => one()) };
}

/** Publishes once for each of `count` processes, with a lease that outlasts the bench. */
export async function publishAs(
  redis: Redis,
  keyPrefix: string,
  count: number,
  series: number,
): Promise<void> {
  const { registry, step } = registryOf(series);
  step();
  const store = redisStore(redis, keyPrefix, PROTOCOL_TIMES);
  for (let i = 0; i < count; i++) {
    const publication = new Publication({ service: 'worker', instance: `worker:host:${i}` }, 3_600_000);
    while (
      publication.handleReply(await store.publish(publication.nextRequest(registry.collect()))) === 'again'
    );
  }
}

export function readerOf(redis: Redis, keyPrefix: string, series: number): MetricsReader {
  const { catalogue } = registryOf(series).registry;
  const onError = (error: unknown): never => {
    throw error;
  };
  return new MetricsReader({ redis, keyPrefix, catalogue, onError });
}
