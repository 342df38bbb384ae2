import type { HistogramReading, MetricsReading } from '@prosaas/observability';
import { expect, test } from 'vitest';
import { figuresBetween } from './figures.ts';

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
  exact: { slots: [], values: new Float64Array() },
  processes: [],
  labels: {},
  series: {} as never,
  sources: [],
  complete: true,
  since: 1,
  ...more,
});

test('totals are rates a minute, and gauges are as they are', () => {
  const figures = figuresBetween(
    { at: 0, reading: reading({ whatsapp_inbound_messages: 5 }) },
    { at: 30_000, reading: reading({ whatsapp_inbound_messages: 8 }, { gauges: { calls_active: 2 } }) },
  );
  expect(figures).toMatchObject({ messages_in_per_minute: 6, calls_active: 2, chats_waiting: null });
});

test('a total that fell, or began anew, is no rate', () => {
  const before = { at: 0, reading: reading({ whatsapp_inbound_messages: 5 }) };
  for (const now of [
    reading({ whatsapp_inbound_messages: 4 }),
    reading({ whatsapp_inbound_messages: 9 }, { since: 2 }),
  ])
    expect(figuresBetween(before, { at: 1000, reading: now }).messages_in_per_minute).toBeNull();
  expect(figuresBetween(undefined, before).messages_in_per_minute).toBeNull();
});

test('the time of an answer is the sum of what its stages took on average since', () => {
  const at = (...stages: HistogramReading[]): MetricsReading =>
    reading({}, { histograms: { message_stage_seconds: stages } });
  const before = { at: 0, reading: at(stage('stored', 10, 100), stage('acknowledged', 10, 100)) };
  const after = { at: 1000, reading: at(stage('stored', 12, 101), stage('acknowledged', 11, 102)) };
  expect(figuresBetween(before, after).answer_seconds).toBe(2.5);
  expect(figuresBetween(before, before).answer_seconds).toBeNull();
});
