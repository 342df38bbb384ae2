import { expect, test } from 'vitest';
import { ask, desk, good } from './test-agent.ts';
import { calls, failing, never, says, startModelServer } from './test-server.ts';

test('three failures in a row open the circuit and a probe closes it', async () => {
  await using server = await startModelServer(failing(500, {}));
  await using front = desk(server, { openMs: 100 });
  await ask(front.agent);
  server.reply = says(good);
  await ask(front.agent);
  server.reply = failing(500, {});
  await ask(front.agent);
  expect(front.agent.status()).toMatchObject({ fallback: false, source: 'model' });
  for (let at = 0; at < 2; at++) await ask(front.agent);
  expect(front.agent.status()).toMatchObject({
    fallback: true,
    source: 'profile',
    model: { resting: 'server_error' },
  });
  const before = front.modelCalls.filter(({ purpose }) => purpose === 'answer').length;
  expect(await ask(front.agent)).toMatchObject({ source: 'faq' });
  expect(front.modelCalls.filter(({ purpose }) => purpose === 'answer')).toHaveLength(before);
  server.reply = says(good);
  await expect.poll(() => front.agent.status().fallback, { timeout: 5000 }).toBe(false);
  expect(await ask(front.agent)).toMatchObject({ source: 'model' });
});

test('probes open and close the circuit without a question', async () => {
  await using server = await startModelServer(failing(401, {}));
  await using front = desk(server, { openMs: 20 });
  await front.agent.load();
  await expect.poll(() => front.agent.status().model?.resting, { timeout: 5000 }).toBe('unauthorized');
  server.reply = says('OK');
  await expect.poll(() => front.agent.status().fallback, { timeout: 5000 }).toBe(false);
  expect(front.modelCalls.every(({ purpose }) => purpose === 'probe')).toBe(true);
});

test('one failure reopens the circuit after a successful probe', async () => {
  await using server = await startModelServer((response, request, question) =>
    (question.tools ? failing(500, {}) : says('OK'))(response, request, question),
  );
  await using front = desk(server, { openMs: 50 });
  for (let at = 0; at < 3; at++) await ask(front.agent);
  expect(front.agent.status().fallback).toBe(true);
  await expect.poll(() => front.agent.status().fallback, { timeout: 5000 }).toBe(false);
  await ask(front.agent);
  expect(front.agent.status().fallback).toBe(true);
});

test('refused texts do not open the circuit', async () => {
  await using server = await startModelServer(calls('no_such_tool', '{}'));
  await using front = desk(server);
  for (let at = 0; at < 5; at++) await ask(front.agent);
  expect(front.agent.status()).toMatchObject({ fallback: false, model: { failures: { bad_reply: 5 } } });
});

test('disposing aborts the running probe and stops probing', async () => {
  await using server = await startModelServer(never);
  const front = desk(server, { openMs: 10 });
  await front.agent.load();
  await expect.poll(() => server.asked.length).toBe(1);
  await front[Symbol.asyncDispose]();
  expect(front.outcomes()).toEqual(['canceled']);
  expect(server.asked).toHaveLength(1);
});
