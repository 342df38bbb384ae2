import { now } from '../lib/live.ts';
import { agoText, durationText, exactTime, timeText } from '../lib/format.ts';

/** When: the time of day, and the whole of it on hovering. */
export function At({ time }: { time: string | number }) {
  return (
    <time dateTime={new Date(time).toISOString()} title={exactTime(time)}>
      {timeText(time, now.value)}
    </time>
  );
}

/** How long ago; counts on by itself. */
export function Ago({ time }: { time: string | number }) {
  return (
    <time dateTime={new Date(time).toISOString()} title={exactTime(time)}>
      {agoText(time, now.value)}
    </time>
  );
}

/** For how long already. */
export function For({ since }: { since: string | number }) {
  return (
    <time dateTime={new Date(since).toISOString()} title={`since ${exactTime(since)}`}>
      {durationText((now.value - new Date(since).getTime()) / 1000)}
    </time>
  );
}
