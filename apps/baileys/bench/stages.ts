import { type HistogramReading, type MetricsReader, percentile } from '@prosaas/observability';
import { messageStages } from '@prosaas/telemetry';

type Stages = Map<string, HistogramReading>;

export async function readStages(reader: MetricsReader): Promise<Stages> {
  const { histograms } = await reader.read();
  const all = histograms['message_stage_seconds'] ?? [];
  return new Map(all.map((one) => [one.labels['stage']!, one]));
}

/** The median and the mean milliseconds of each stage between two readings. */
export function budgetOf(before: Stages, after: Stages): Record<string, string> {
  let total = 0;
  const lines = messageStages.map((stage) => {
    const [first, last] = [before.get(stage), after.get(stage)];
    if (!last) return [stage, 'nothing'];
    const counts = last.counts.map((count, bucket) => count - (first?.counts[bucket] ?? 0));
    const mean = ((last.sum - (first?.sum ?? 0)) * 1000) / (last.count - (first?.count ?? 0));
    total += mean;
    const middle = percentile({ bounds: last.bounds, counts }, 0.5) * 1000;
    return [stage, `${middle.toFixed(2)} ms, ${mean.toFixed(2)} ms`];
  });
  return { ...(Object.fromEntries(lines) as Record<string, string>), sum: `${total.toFixed(2)} ms of means` };
}
