import { timeText } from '../lib/format.ts';
import { connection, heardAt, live, now } from '../lib/live.ts';
import type { LiveValues } from '../lib/live-values.ts';

const words: Readonly<Record<string, string>> = {
  REDIS_UNAVAILABLE: 'Redis is away',
  QUEUES_UNAVAILABLE: 'Redis is away',
  DATABASE_UNAVAILABLE: 'PostgreSQL is away',
  TIMEOUT: 'it takes too long',
};

/** Above what a page shows of a live part: says that it is an old value, and why. It goes by itself. */
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
          {heardAt.value > 0 ? `from ${timeText(heardAt.value, now.value)}` : 'old'}.
        </>
      ) : (
        `This cannot be read now: ${words[failed!] ?? failed}. ${state?.value === null ? '' : 'What you see is old.'}`
      )}{' '}
      The page tries again by itself.
    </p>
  );
}
