import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventTypes } from '@prosaas/conversations';
import { expect, test } from 'vitest';
import { codeOf, readTable } from './support/tables.ts';

// docs/api.md names exactly the states that readers of conversations and messages can see.

const repository = join(import.meta.dirname, '../..');
const sources = globSync(['apps/*/src/**/*.ts', 'packages/*/src/**/*.ts'], { cwd: repository })
  .filter((file) => !file.endsWith('.test.ts'))
  .map((file) => readFileSync(join(repository, file), 'utf8'))
  .join('\n');
const allOf = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map((match) => match[1]!)),
];
const documented = (heading: string, column: string): string[] =>
  readTable('api.md', heading)
    .map((row) => codeOf(row[column]!))
    .toSorted();

test('docs/api.md lists exactly the statuses of messages', () => {
  const [union = ''] = allOf(sources, /export type MessageStatus =([^;]+);/g);
  expect(documented('Status of a message', 'status')).toEqual(allOf(union, /'(\w+)'/g).toSorted());
});

test('docs/api.md lists exactly the events of a conversation', () => {
  const others = ['announced', 'nobody_to_tell', 'answer_dropped'];
  for (const event of others) expect(sources).toContain(`'${event}'`);
  expect(documented('Events of a conversation', 'event')).toEqual([...eventTypes, ...others].toSorted());
});

test('docs/api.md lists exactly the reasons of ignored messages', () => {
  const reasons = allOf(
    sources,
    /(?:ignored\(|drop\(|status: 'ignored', reason: |status = 'ignored', reason = )'(\w+)'/g,
  );
  // As given back and closed are events.
  expect(sources).toContain('markWaitingMessagesIgnored(tx, conversationId, event.type)');
  expect(documented('Why a message is ignored', 'reason')).toEqual(
    [...reasons, 'given_back', 'closed'].toSorted(),
  );
});
