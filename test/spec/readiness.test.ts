import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Stack, poll } from '@prosaas/devstack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, partOf } from './support/ask.ts';
import { isStatus, startQuickStack, until } from './support/stack.ts';

/** A substitute for the baileys service that counts requests to its health endpoint. */
class FakeBaileys {
  requests = 0;
  /** Status codes of the next answers. The last one is repeated. */
  answers: number[] = [200];
  readonly #server: Server = createServer((request, response) => {
    if (request.url !== '/health') {
      response.end('{"items":[],"next_cursor":null}');
      return;
    }
    this.requests += 1;
    const status = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
    response.writeHead(status ?? 200).end('{"status":"ok","sessions":0}');
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Answers with these status codes and then with `then`. Waits until all of `answers` were sent. */
  async give(answers: number[], then: number): Promise<void> {
    this.answers = [...answers, then];
    await poll(() => this.answers.length === 1, { what: 'the answers to be given', timeoutMs: 20_000 });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

const baileys = new FakeBaileys();
let stack: Stack;
let readyz: string;

beforeAll(async () => {
  const url = await baileys.listen();
  stack = await startQuickStack({ services: ['api'], env: { BAILEYS_URL: url } });
  readyz = `${stack.url.api}/readyz`;
});
afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  baileys.close();
});

/** Readiness once the check's last result is `status`, which /health/whatsapp shows without delay. */
async function readyAfter(status: 'pass' | 'fail'): Promise<unknown> {
  const whatsapp = `${stack.url.api}/health/whatsapp`;
  await until(whatsapp, (answer) => partOf(answer, 'baileys', 'status') === status);
  return (await ask(readyz)).body?.['ready'];
}

test('readiness changes after three bad results in a row, and back after two good ones', async () => {
  await baileys.give([500, 500], 200);
  expect(await readyAfter('fail')).toBe(true);
  expect(await readyAfter('pass')).toBe(true);

  await baileys.give([500, 500], 500);
  await until(readyz, isStatus(503));

  await baileys.give([200], 500);
  expect(await readyAfter('pass')).toBe(false);
  expect(await readyAfter('fail')).toBe(false);

  await baileys.give([200], 200);
  await until(readyz, isStatus(200));
});

test('a thousand probes cause no more requests to a dependency than the timer of its check', async () => {
  const requests = baileys.requests;
  const began = performance.now();
  const answers = await Promise.all(
    Array.from({ length: 1000 }, () => fetch(readyz).then((one) => one.text())),
  );
  expect(answers).toHaveLength(1000);
  const turns = Math.ceil((performance.now() - began) / 2000);
  expect(baileys.requests - requests).toBeLessThanOrEqual(turns);
});
