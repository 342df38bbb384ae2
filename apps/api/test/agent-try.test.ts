import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { poll } from '@prosaas/devstack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiAnswer, type TestApi, startTestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await poll(async () => (await tryBody({ text: 'hi' })).status === 200, { what: 'the profile' });
});
afterAll(() => api[Symbol.asyncDispose]());

const tryBody = (body: object): Promise<ApiAnswer> => api.send('POST', '/api/agent/try', { body });
const tryText = async (text: string, more: object = {}): Promise<Record<string, unknown>> =>
  (await tryBody({ text, ...more })).body['answer'] as Record<string, unknown>;

test('tries a text at a given time and after a given history, and explains the answer', async () => {
  const { body } = await tryBody({ text: 'STOP' });
  expect(body).toMatchObject({
    answer: { source: 'opt-out' },
    why: ['The rule for opt-out applies (“stop”); no entry is looked at.'],
  });
  const at = (now: string) => tryText('When are you open?', { now });
  const [day, night] = [await at('2026-12-01T12:00:00Z'), await at('2026-12-01T23:30:00Z')];
  expect(day).toMatchObject({ source: 'hours' });
  expect(night['text']).not.toBe(day['text']);
  const history = [
    { direction: 'inbound', text: 'When are you open?' },
    { direction: 'outbound', text: day['text'] },
  ];
  const again = await tryText('When are you open?', { now: '2026-12-01T12:00:00Z', history });
  expect(again['text']).not.toBe(day['text']);
  expect(await api.db.query('select 1 from messages')).toEqual([]);
});

test.each([
  ['no text', {}],
  ['an empty text', { text: '' }],
  ['a long text', { text: 'a'.repeat(4097) }],
  ['an invalid time', { text: 'a', now: 'yesterday' }],
  [
    'a long history',
    { text: 'a', history: Array.from({ length: 101 }, () => ({ direction: 'inbound', text: 'a' })) },
  ],
  ['a malformed history', { text: 'a', history: [{ from: 'me' }] }],
  ['an unknown field', { text: 'a', send: true }],
])('does not try %s', async (_what, body) => {
  expect(await tryBody(body)).toMatchObject({
    status: 400,
    body: { code: 'VALIDATION_FAILED', errors: expect.any(Array) },
  });
});

test('starts with a faulty profile, reports the faults, and recovers when they are fixed', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'profile-'));
  const path = join(folder.path, 'profile.yaml');
  await writeFile(path, 'name: 1\n');
  await using other = await startTestApi({ PROFILE_PATH: path });
  const tryThere = (): Promise<ApiAnswer> =>
    other.send('POST', '/api/agent/try', { body: { text: 'hello' } });
  const refused = await poll(
    async () => {
      const { status, body } = await tryThere();
      return String(body['detail']).includes('timeZone: is missing') && { status, ...body };
    },
    { what: 'the faults' },
  );
  expect(refused).toMatchObject({ status: 503, code: 'PROFILE_UNAVAILABLE' });
  const usual = new URL('../../../packages/agentkit/profiles/default.yaml', import.meta.url);
  await writeFile(path, await readFile(usual));
  await poll(async () => (await tryThere()).status === 200, { what: 'the profile', timeoutMs: 20_000 });
});

test('tries texts while the database is away, and responds to everything else with 503', async () => {
  await using away = await startTestApi({ DATABASE_URL: 'postgres://127.0.0.1:9/none' });
  const askThere = async (method: string, path: string, body?: unknown): Promise<number> =>
    (await away.send(method, path, { body })).status;
  await poll(async () => (await askThere('POST', '/api/agent/try', { text: 'hello' })) === 200, {
    what: 'the profile',
  });
  expect([
    await askThere('GET', '/api/agent/unanswered'),
    await askThere('GET', '/api/agent/entries'),
    await askThere('POST', `/api/agent/unanswered/${'a'.repeat(32)}/answer`, { answer: 'x' }),
    await askThere('DELETE', '/api/agent/entries/1'),
  ]).toEqual([503, 503, 503, 503]);
});
