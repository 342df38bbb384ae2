import { now } from '../lib/live.ts';
import { agoText, durationText, exactTime, timeText } from '../lib/format.ts';

/** The time of day, with date and seconds as a tooltip. */
export function At({ time }: { time: string | number }) {
  return (
    <time dateTime={new Date(time).toISOString()} title={exactTime(time)}>
      {timeText(time, now.value)}
    </time>
  );
}

/** How long ago, updated every second. */
export function Ago({ time }: { time: string | number }) {
  return (
    <time dateTime={new Date(time).toISOString()} title={exactTime(time)}>
      {agoText(time, now.value)}
    </time>
  );
}

/** For how long, updated every second. */
export function For({ since }: { since: string | number }) {
  return (
    <time dateTime={new Date(since).toISOString()} title={`since ${exactTime(since)}`}>
      {durationText((now.value - new Date(since).getTime()) / 1000)}
    </time>
  );
}
