import { poll } from '@prosaas/devstack';
import { identify, loadConfig } from '@prosaas/runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiConfig } from '../../apps/api/src/config.ts';
import { startApi } from '../../apps/api/src/service.ts';
import { keepAgentAfterFailure } from '../../apps/worker/prove/keep-agent-after-failure.ts';
import { type Stage, setStage, silent } from '../../apps/worker/test/stage.ts';

const keys = {
  API_KEY: 'the-api-key-of-tests',
  ADMIN_KEY: 'the-admin-key-of-tests',
  METRICS_TOKEN: 'the-metrics-token-of-tests',
};
let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

test('replays the messages of one conversation in order at the requested rate', async () => {
  stage.baileys.fault = () => 404;
  await keepAgentAfterFailure(stage.db);
  await stage.worker();
  const questions = ['Where are you located?', 'Do you take cash?', 'Where can I park my car?'];
  for (const question of [...questions, ...questions.slice(0, 2)]) {
    await stage.receive('1@s.whatsapp.net', question);
  }
  await poll(async () => (await stage.rows()).dead === 5, {
    timeoutMs: 60_000,
    what: 'five jobs in the dead letter',
  });
  stage.baileys.fault = () => undefined;

  // The substitute for the baileys service has no health endpoint.
  const env = { ...stage.env, ...keys, API_PORT: '0', BAILEYS_URL: 'http://127.0.0.1:9' };
  const config = loadConfig(ApiConfig, env);
  await using api = await startApi(config, { identity: identify('api'), log: silent });
  const [begun] = await stage.db.query<{ at: Date }>('select now() as at');
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
      const rows = await stage.db.query<{ text: string; after_ms: number }>(
        `select text, (1000 * extract(epoch from sent_at - $1))::float8 as after_ms
         from messages where direction = 'outbound' and status = 'sent' order by seq`,
        [begun?.at],
      );
      return rows.length === 5 && rows;
    },
    { what: 'all to be sent' },
  );
  for (const [nth, { after_ms: after }] of messages.entries()) expect(after).toBeGreaterThan(nth * 500);
  expect(stage.baileys.sent.map(({ text }) => text)).toEqual(messages.map(({ text }) => text));
});
