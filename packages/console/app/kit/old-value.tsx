import { timeText } from '../lib/format.ts';
import { connection, lastUpdateAt, live, now } from '../lib/live.ts';
import type { LiveValues } from '../lib/live-values.ts';

const causes: Readonly<Record<string, string>> = {
  REDIS_UNAVAILABLE: 'Redis cannot be reached',
  QUEUES_UNAVAILABLE: 'Redis cannot be reached',
  DATABASE_UNAVAILABLE: 'PostgreSQL cannot be reached',
  TIMEOUT: 'it took too long',
};

/** A note above live values that are out of date, with the cause. It disappears by itself. */
export function OldValue({ part }: { part: keyof LiveValues }) {
  const state = live(part);
  const isAway = connection.value === 'away';
  const failed = state?.failed ?? null;
  if (!isAway && failed === null) return null;
  return (
    <p class="failed" role="status">
      {isAway ? (
        <>
          The api does not answer. What you see is{' '}
          {lastUpdateAt.value > 0 ? `from ${timeText(lastUpdateAt.value, now.value)}` : 'out of date'}.
        </>
      ) : (
        `This cannot be loaded now: ${causes[failed!] ?? failed}. ${state?.value === null ? '' : 'What you see is out of date.'}`
      )}{' '}
      The page keeps trying.
    </p>
  );
}
