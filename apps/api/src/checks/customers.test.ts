import { expect, test } from 'vitest';
import { waitingReport } from './customers.ts';

const none = {
  conversations: 0,
  oldest_age_seconds: 0,
  unattended: 0,
  unattended_age_seconds: 0,
  not_notifiable: 0,
};

test.each([
  ['nobody waits', {}, { facts: { waiting: 0 } }],
  [
    'one waits and people were notified',
    { conversations: 1, oldest_age_seconds: 59.6 },
    { facts: { waiting: 1, oldest_age_seconds: 60 } },
  ],
  [
    'one waits and nobody can be notified',
    { conversations: 1, oldest_age_seconds: 20, not_notifiable: 1 },
    {
      status: 'warn',
      reason: 'customers_waiting',
      facts: { waiting: 1, oldest_age_seconds: 20, not_notifiable: 1 },
    },
  ],
  [
    'two wait: nobody took over one of them, and nobody can be notified of the other',
    {
      conversations: 2,
      oldest_age_seconds: 5000,
      unattended: 1,
      unattended_age_seconds: 4000,
      not_notifiable: 1,
    },
    {
      status: 'warn',
      reason: 'customers_waiting',
      facts: {
        waiting: 2,
        oldest_age_seconds: 5000,
        not_notifiable: 1,
        unattended: 1,
        unattended_age_seconds: 4000,
      },
    },
  ],
])('%s', (_case, stats, report) => {
  expect(waitingReport({ ...none, ...stats })).toEqual(report);
});
