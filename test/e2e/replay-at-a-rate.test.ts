import { poll } from '@prosaas/devstack';
import { identify, loadConfig } from '@prosaas/runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiConfig } from '../../apps/api/src/config.ts';
import { startApi } from '../../apps/api/src/service.ts';
import { type Stage, setStage, silent } from '../../apps/worker/test/stage.ts';

const keys = { API_KEY: 'api-key', ADMIN_KEY: 'admin-key', METRICS_TOKEN: 'metrics-token' };
let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

test('the messages of one conversation are replayed at the rate that was asked for, in their order', async () => {
  stage.baileys.fault = () => 404;
  await stage.worker();
  const questions = ['Where are you located?', 'Do you take cash?', 'Where can I park my car?'];
  for (const question of [...questions, ...questions.slice(0, 2)]) {
    await stage.receive('1@s.whatsapp.net', question);
  }
  await poll(async () => (await stage.totals()).deadLetterDepth === 5, {
    timeoutMs: 60_000,
    what: 'five letters',
  });
  stage.baileys.fault = () => undefined;

  // The baileys service that only pretends knows no health.
  const env = { ...stage.env, ...keys, API_PORT: '0', BAILEYS_URL: 'http://127.0.0.1:9' };
  const config = loadConfig(ApiConfig, env);
  await using api = await startApi(config, { identity: identify('api'), log: silent });
  const answer = await poll(
    async () => {
      const response = await fetch(`${api.url}/api/jobs/dead-letter/replay`, {
        method: 'POST',
        headers: { 'x-api-key': keys.ADMIN_KEY, 'content-type': 'application/json' },
        body: JSON.stringify({ rate_per_second: 2 }),
      });
      return response.ok && response.json();
    },
    { what: 'the api to reach Redis' },
  );
  expect(answer).toEqual({ matched: 5, replayed: 5, refused: [] });
  await poll(() => stage.baileys.sent.length === 5, { timeoutMs: 60_000, what: 'five messages' });

  const messages = await poll(
    async () => {
      const rows = await stage.db.query<{ text: string; early: boolean; due: number }>(
        `select text, sent_at < not_before as early, (1000 * extract(epoch from not_before - min(not_before) over ()))::int as due
         from messages where direction = 'outbound' and status = 'sent' order by seq`,
      );
      return rows.length === 5 && rows;
    },
    { what: 'all to be sent' },
  );
  expect(messages.map(({ due }) => due)).toEqual([0, 500, 1000, 1500, 2000]);
  expect(messages.map(({ early }) => early)).toEqual([false, false, false, false, false]);
  expect(stage.baileys.sent.map(({ text }) => text)).toEqual(messages.map(({ text }) => text));
});
