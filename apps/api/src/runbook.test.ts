import { expect, test } from 'vitest';
import { parseRunbook } from './runbook.ts';

const health = `# Health

## The checks

| check   | looks at           |
| ------- | ------------------ |
| \`redis\` | it [answers](x.md) |

## The codes

| code        | of which check      | means                        |
| ----------- | ------------------- | ---------------------------- |
| \`timeout\` | any                 | no answer                    |
| \`full\`    | \`redis\`           | no [space](redis.md#space)   |
| \`full\`    | \`database\`        | no space for tables          |
| \`off\`     | \`redis\`, \`queues\` | wrong clock                  |
| \`stuck\`   | \`queues\`          | a job waits                  |
| \`redis_*\` | \`queues\`          | Redis has this trouble       |
`;
const runbook = `# Runbook

Read this.

## \`[-]redis failed\`

It stands
still, see [below](#off).

- \`timeout\`: it hangs;
  start it.
- \`full\`: raise it.
- \`redis_timeout\` is another's.
- Then look.

\`\`\`sh
redis-cli ping

redis-cli info
\`\`\`

## \`[-]database failed: full\`

Make room.

## \`[-]queues ok\` with a warning \`stuck\`

Start a worker.

## A warning \`off\`

Set the clock.
`;
const book = parseRunbook(health, runbook);
const texts = (check: string, code: string): string[] =>
  book.advise(check, code).flatMap(({ what_to_do: blocks }) => blocks.map(({ text }) => text));

test('gives the meaning of a code and its runbook section without the items about other codes', () => {
  expect(book.advise('redis', 'full')).toEqual([
    {
      code: 'full',
      means: 'no space',
      title: '`[-]redis failed`',
      what_to_do: [
        { kind: 'text', text: 'It stands still, see below.' },
        { kind: 'item', text: '`full`: raise it.' },
        { kind: 'item', text: 'Then look.' },
        { kind: 'code', text: 'redis-cli ping\n\nredis-cli info' },
      ],
    },
  ]);
  expect(texts('redis', 'timeout')[1]).toBe('`timeout`: it hangs; start it.');
  expect(book.looksAt('redis')).toBe('it answers');
});

test('prefers the section of the code, if it covers the check, to the section of the check', () => {
  expect(texts('database', 'full')).toEqual(['Make room.']);
  expect(texts('database', 'timeout')).toEqual(['Make room.']);
  expect(texts('redis', 'off')).toEqual(['Set the clock.']);
  expect(texts('queues', 'off')).toEqual(['Set the clock.']);
  expect(texts('queues', 'stuck')).toEqual(['Start a worker.']);
});

test('takes the advice for a prefixed code from the check that it names', () => {
  expect(book.advise('queues', 'redis_timeout')).toMatchObject([
    { code: 'redis_timeout', means: 'Redis has this trouble', title: '`[-]redis failed`' },
  ]);
  expect(texts('queues', 'redis_timeout')[1]).toBe('`timeout`: it hangs; start it.');
});

test('gives advice for each of several codes, and none for an unknown one', () => {
  expect(book.advise('redis', 'full,odd').map(({ code, title }) => [code, title])).toEqual([
    ['full', '`[-]redis failed`'],
    ['odd', null],
  ]);
  expect(book.advise('strange', 'timeout')).toEqual([
    { code: 'timeout', means: 'no answer', title: null, what_to_do: [] },
  ]);
});
