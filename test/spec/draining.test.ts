import { type ServiceName, type Stack, startStack } from '@prosaas/devstack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from './support/ask.ts';
import { isStatus, logLines, until } from './support/stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ env: { DRAIN_SECONDS: '4' } });
});
afterAll(() => stack[Symbol.asyncDispose]());

describe.each(['api', 'calls', 'baileys'] as const)('%s after SIGTERM', (name) => {
  test('is not ready at once, lives until its listener closes, and exits with 0', async () => {
    const url = stack.url[name];
    await until(`${url}/readyz`, isStatus(200));
    const ended = stack.services[name].exited();
    stack.services[name].kill('SIGTERM');
    const unready = await until(`${url}/readyz`, isStatus(503));
    expect(unready.body).toMatchObject({
      ready: false,
      checks: { shutdown: { status: 'fail', reason: 'shutting_down' } },
    });
    expect((await ask(`${url}/readyz?verbose`)).text).toContain('[-]shutdown failed: shutting_down');
    for (const path of ['/healthz', '/livez', '/version']) {
      expect([path, (await ask(`${url}${path}`)).status]).toEqual([path, 200]);
    }
    expect(await ended).toBe(0);
  });
});

test('the worker exits with 0', async () => {
  expect(await stack.services.worker.stop()).toBe(0);
});

test('each service logs that it stops and that it has stopped', () => {
  for (const name of ['worker', 'calls', 'baileys'] satisfies ServiceName[]) {
    const messages = logLines(stack.services[name].output()).map(({ msg }) => msg);
    expect(messages).toEqual(expect.arrayContaining(['Stopping', 'Stopped']));
  }
});
