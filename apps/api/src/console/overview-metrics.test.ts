import type { HistogramReading, MetricsReading } from '@prosaas/observability';
import { expect, test } from 'vitest';
import { computeOverviewMetrics } from './overview-metrics.ts';

const stage = (name: string, count: number, sum: number): HistogramReading => ({
  labels: { stage: name },
  bounds: [],
  counts: [count],
  count,
  sum,
});
const reading = (counters: Record<string, number>, more: Partial<MetricsReading> = {}): MetricsReading => ({
  counters,
  gauges: {},
  histograms: {},
  exact: { columns: [], values: new Float64Array() },
  processes: [],
  labels: {},
  series: {} as never,
  sources: [],
  complete: true,
  since: 1,
  ...more,
});

test('returns counters as rates per minute and gauges unchanged', () => {
  const metrics = computeOverviewMetrics(
    { at: 0, reading: reading({ whatsapp_inbound_messages: 5 }) },
    { at: 30_000, reading: reading({ whatsapp_inbound_messages: 8 }, { gauges: { calls_active: 2 } }) },
  );
  expect(metrics).toMatchObject({ messages_in_per_minute: 6, calls_active: 2, chats_waiting: null });
});

test('returns no rate for a counter that fell or was reset', () => {
  const before = { at: 0, reading: reading({ whatsapp_inbound_messages: 5 }) };
  for (const now of [
    reading({ whatsapp_inbound_messages: 4 }),
    reading({ whatsapp_inbound_messages: 9 }, { since: 2 }),
  ])
    expect(computeOverviewMetrics(before, { at: 1000, reading: now }).messages_in_per_minute).toBeNull();
  expect(computeOverviewMetrics(undefined, before).messages_in_per_minute).toBeNull();
});

test('adds up the average durations of the stages between two readings', () => {
  const at = (...stages: HistogramReading[]): MetricsReading =>
    reading({}, { histograms: { message_stage_seconds: stages } });
  const before = { at: 0, reading: at(stage('stored', 10, 100), stage('acknowledged', 10, 100)) };
  const after = { at: 1000, reading: at(stage('stored', 12, 101), stage('acknowledged', 11, 102)) };
  expect(computeOverviewMetrics(before, after).answer_seconds).toBe(2.5);
  expect(computeOverviewMetrics(before, before).answer_seconds).toBeNull();
});
