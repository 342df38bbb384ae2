import type { HistogramReading, MetricsReading } from '@prosaas/observability';

/** The metrics of the console's overview page. Counters become rates per minute, gauges stay; null: not known. */
export const overviewMetricNames = [
  'messages_in_per_minute',
  'messages_out_per_minute',
  'answer_seconds',
  'chats_waiting',
  'calls_active',
  'jobs_done_per_minute',
  'jobs_open',
  'jobs_failed_per_minute',
] as const;
export type OverviewMetricName = (typeof overviewMetricNames)[number];
export type OverviewMetrics = Record<OverviewMetricName, number | null>;

export interface TimedReading {
  /** Ms of a steady clock. */
  at: number;
  reading: MetricsReading;
}

/** Rates between two readings, and the gauges of the later one. */
export function computeOverviewMetrics(
  before: TimedReading | undefined,
  { at, reading }: TimedReading,
): OverviewMetrics {
  const minutes = before === undefined ? 0 : (at - before.at) / 60_000;
  const rate = (name: string): number | null => {
    const increase = (reading.counters[name] ?? 0) - (before?.reading.counters[name] ?? 0);
    const isKnown = before?.reading.since === reading.since && minutes > 0 && increase >= 0;
    return isKnown ? increase / minutes : null;
  };
  const gauge = (name: string): number | null => reading.gauges[name] ?? null;
  return {
    messages_in_per_minute: rate('whatsapp_inbound_messages'),
    messages_out_per_minute: rate('whatsapp_outbound_messages'),
    answer_seconds: before === undefined ? null : averageAnswerSeconds(before.reading, reading),
    chats_waiting: gauge('customers_waiting'),
    calls_active: gauge('calls_active'),
    jobs_done_per_minute: rate('queue_jobs_completed'),
    jobs_open: gauge('queue_jobs'),
    jobs_failed_per_minute: rate('queue_jobs_failed'),
  };
}

/** From a message's arrival to its acknowledged answer. The stages follow one another, so their averages add up. */
function averageAnswerSeconds(before: MetricsReading, now: MetricsReading): number | null {
  const stages = now.histograms['message_stage_seconds'] ?? [];
  const earlier = new Map(
    (before.histograms['message_stage_seconds'] ?? []).map((one) => [one.labels['stage'], one]),
  );
  let seconds = 0;
  let isAnswered = false;
  for (const stage of stages) {
    const average = averageBetween(earlier.get(stage.labels['stage']), stage);
    if (average === null) continue;
    seconds += average;
    isAnswered ||= stage.labels['stage'] === 'acknowledged';
  }
  return isAnswered ? seconds : null;
}

function averageBetween(before: HistogramReading | undefined, now: HistogramReading): number | null {
  const count = now.count - (before?.count ?? 0);
  return count > 0 ? Math.max(0, (now.sum - (before?.sum ?? 0)) / count) : null;
}
