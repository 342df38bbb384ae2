import { useId } from 'preact/hooks';
import { durationText, timeText } from '../lib/format.ts';
import { now } from '../lib/live.ts';
import type { Level } from './status.tsx';

/** The state from `at` (Unix ms) until the next change. */
export interface StripChange {
  at: number;
  level: Level | 'unknown';
  label: string;
}

export interface Segment extends StripChange {
  /** Shares of the whole strip, from 0 to 1. */
  start: number;
  width: number;
  seconds: number;
}

/** The segments between two times. Before the first change the state is unknown. */
export function segmentsOf(changes: readonly StripChange[], from: number, to: number): Segment[] {
  const sorted = [
    { at: -Infinity, level: 'unknown' as const, label: 'unknown' },
    ...changes.toSorted((a, b) => a.at - b.at),
  ];
  return sorted.flatMap((change, index) => {
    const start = Math.max(from, change.at);
    const end = Math.min(to, sorted[index + 1]?.at ?? to);
    if (end <= start) return [];
    const share = (ms: number): number => ms / (to - from);
    return [
      {
        ...change,
        at: start,
        start: share(start - from),
        width: share(end - start),
        seconds: (end - start) / 1000,
      },
    ];
  });
}

/** The states over the last hours as a strip, with a text for screen readers. */
export function Strip({
  changes,
  hours,
  label,
}: {
  changes: readonly StripChange[];
  hours: number;
  label: string;
}) {
  // Renders once a minute, which is enough for a strip of an hour.
  const to = Math.ceil(now.value / 60_000) * 60_000;
  const segments = segmentsOf(changes, to - hours * 3_600_000, to);
  const id = useId();
  return (
    <figure class="strip" aria-labelledby={id}>
      <figcaption id={id} class="visually-hidden">
        {label}:{' '}
        {segments.map((segment) => `${segment.label} for ${durationText(segment.seconds)}`).join(', then ')}
      </figcaption>
      <svg viewBox="0 0 1000 20" preserveAspectRatio="none" aria-hidden="true">
        {segments.map(({ at, start, width, level, label: state, seconds }) => (
          <rect key={at} class={level} x={start * 1000} width={Math.max(2, width * 1000)} y="0" height="20">
            <title>{`${state} from ${timeText(at, to)}, ${durationText(seconds)}`}</title>
          </rect>
        ))}
      </svg>
    </figure>
  );
}
