import { poll } from '@prosaas/devstack';
import { beforeEach, expect, test } from 'vitest';
import {
  type LearnedAnswer,
  MAX_LEARNED_ENTRIES,
  addLearnedEntry,
  deleteLearnedEntry,
  watchLearnedAnswers,
  listLearnedEntries,
} from './learned-entry-repository.ts';
import { log, onDatabase, receive } from '../test-support.ts';
import {
  MAX_GROUPED_QUESTIONS,
  MAX_QUESTION_LENGTH,
  deleteExcessUnanswered,
  listQuestionExamples,
  listQuestionGroups,
  recordUnanswered,
} from './unanswered-question-repository.ts';

const on = onDatabase();
beforeEach(() => on.db.query('truncate learned_entries cascade'));

const entry = { businessId: 'default', question: 'Zebras?', answer: 'Two.', also: ['stripes'] };
const open = { businessId: undefined, state: 'open' } as const;

test('passes on learned entries when they change, and keeps them while the table cannot be read', async () => {
  const received: LearnedAnswer[][] = [];
  using watch = watchLearnedAnswers(on.db, { log, onLearned: (all) => received.push(all), readEveryMs: 20 });
  await poll(() => received.length === 1, { what: 'the first reading' });
  const added = await addLearnedEntry(on.db, entry);
  await addLearnedEntry(on.db, { ...entry, answer: null, also: ['black and white'] });
  await poll(() => received.at(-1)?.length === 2, { what: 'two entries' });
  expect(received.at(-1)).toEqual([
    { question: 'Zebras?', answer: 'Two.', also: ['stripes'] },
    { question: 'Zebras?', also: ['black and white'] },
  ]);
  const before = received.length;
  await on.db.query('alter table learned_entries rename to elsewhere');
  await expect(watch.read()).rejects.toThrow('learned_entries');
  await on.db.query('alter table elsewhere rename to learned_entries');
  await watch.read();
  expect(received).toHaveLength(before);
  await deleteLearnedEntry(on.db, added!);
  await watch.read();
  expect(received.at(-1)).toEqual([]);
});

test('the number of learned entries is limited', async () => {
  await on.db.query(
    `insert into learned_entries (business_id, question, answer) select 'default', 'q' || n, 'a' from generate_series(2, $1) n`,
    [MAX_LEARNED_ENTRIES],
  );
  expect(await addLearnedEntry(on.db, entry)).toBeDefined();
  expect(await addLearnedEntry(on.db, { ...entry, question: 'More?' })).toBeUndefined();
  expect(await listLearnedEntries(on.db, 'default')).toHaveLength(MAX_LEARNED_ENTRIES);
});

test('a long question is cut, and deleted with its message', async () => {
  const { id } = await receive(on.db);
  const text = `${'a'.repeat(MAX_QUESTION_LENGTH - 1)}😀😀`;
  await recordUnanswered(on.db, { messageId: id, businessId: 'default', text, key: 'a' });
  const [group] = await listQuestionGroups(on.db, open);
  const [example] = await listQuestionExamples(on.db, { groupIds: [group!.id], state: 'open', limit: 1 });
  expect(Array.from(example!.text)).toHaveLength(MAX_QUESTION_LENGTH);
  expect(example!.text.endsWith('a😀')).toBe(true);
  await on.db.query('delete from messages where id = $1', [id]);
  expect(await listQuestionGroups(on.db, open)).toEqual([]);
});

test('keeps and groups the latest questions of a business, in bounded time', async () => {
  const message = await receive(on.db);
  await on.db.query(
    `with many as (
       insert into messages (id, business_id, conversation_id, session_id, direction, status, text, external_id)
       select gen_random_uuid(), business_id, conversation_id, session_id, direction, 'answered', 'n' || n, 'many' || n
       from messages, generate_series(1, $2) n where id = $1 returning id, text)
     insert into unanswered_questions (message_id, business_id, text, group_key, group_id, created_at)
     select id, 'default', text, left(text, 3), md5(left(text, 3)), now() + ltrim(text, 'n')::integer * interval '1 second' from many`,
    [message.id, MAX_GROUPED_QUESTIONS + 7],
  );
  const began = performance.now();
  const groups = await listQuestionGroups(on.db, open);
  expect(performance.now() - began).toBeLessThan(2000);
  expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(MAX_GROUPED_QUESTIONS);
  expect(await deleteExcessUnanswered(on.db, 5)).toBe(5);
  expect(await deleteExcessUnanswered(on.db, 5)).toBe(2);
  expect(await deleteExcessUnanswered(on.db, 5)).toBe(0);
  const [oldest] = await on.db.query<{ text: string }>(
    'select text from unanswered_questions order by created_at limit 1',
  );
  expect(oldest?.text).toBe('n8');
});
