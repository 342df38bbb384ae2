import { join } from 'node:path';
import { queueNames } from '@prosaas/queues';
import { expect, test } from 'vitest';

test('the console has a title for every job kind', async () => {
  const words = join(import.meta.dirname, '../packages/console/app/pages/jobs/text.ts');
  const { queueNames: named } = (await import(words)) as { queueNames: readonly string[] };
  expect(named.toSorted()).toEqual(queueNames.toSorted());
});
