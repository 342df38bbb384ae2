import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { poll } from '@prosaas/devstack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Desk, Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage[Symbol.asyncDispose]());

/** Polls `/readyz` until the agent has this reason, and returns what it shows. */
const shown = (desk: Desk, reason: string | undefined): Promise<Record<string, unknown>> =>
  poll(
    async () => {
      const { checks } = (await desk.get('/readyz')).body as { checks: Record<string, { reason?: string }> };
      return checks['agent']?.reason === reason && checks['agent'];
    },
    { what: `the agent to be ${reason ?? 'well'}`, timeoutMs: 20_000 },
  );

test('the warning about the model appears and disappears without a call', async () => {
  let status = 401;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const choices = [{ message: { content: 'OK' } }];
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ choices }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await using desk = await stage.desk(
      { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` },
      { timings: { modelRestMs: 200 } },
    );
    expect(await shown(desk, 'model_fallback')).toMatchObject({
      status: 'warn',
      model_failures: ['unauthorized'],
    });
    status = 200;
    await shown(desk, undefined);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
