import { useId } from 'preact/hooks';
import { durationText, timeText } from '../lib/format.ts';
import { now } from '../lib/live.ts';
import type { Level } from './status.tsx';

/** From `at` on (Unix ms) it was so, until the next. `unknown`: nobody knows. */
export interface StripChange {
  at: number;
  level: Level | 'unknown';
  word: string;
}

export interface Segment extends StripChange {
  /** Shares of the whole, 0 to 1. */
  start: number;
  width: number;
  seconds: number;
}

/** How it was from `from` to `to`; before the first change it is not known. */
export function segmentsOf(changes: readonly StripChange[], from: number, to: number): Segment[] {
  const sorted = [
    { at: -Infinity, level: 'unknown' as const, word: 'not known' },
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

/** How something was over a while, as a strip; its words are what a screen reader reads. */
export function Strip({
  changes,
  hours,
  label,
}: {
  changes: readonly StripChange[];
  hours: number;
  label: string;
}) {
  // Once a minute is enough for what is an hour wide.
  const to = Math.ceil(now.value / 60_000) * 60_000;
  const segments = segmentsOf(changes, to - hours * 3_600_000, to);
  const id = useId();
  return (
    <figure class="strip" aria-labelledby={id}>
      <figcaption id={id} class="visually-hidden">
        {label}: {segments.map(({ word, seconds }) => `${word} for ${durationText(seconds)}`).join(', then ')}
      </figcaption>
      <svg viewBox="0 0 1000 20" preserveAspectRatio="none" aria-hidden="true">
        {segments.map(({ at, start, width, level, word, seconds }) => (
          <rect key={at} class={level} x={start * 1000} width={Math.max(2, width * 1000)} y="0" height="20">
            <title>{`${word} from ${timeText(at, to)}, ${durationText(seconds)}`}</title>
          </rect>
        ))}
      </svg>
    </figure>
  );
}
