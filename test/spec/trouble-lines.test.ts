import { setTimeout as delay } from 'node:timers/promises';
import { type ServiceName, type Stack, poll, serviceNames } from '@prosaas/devstack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from './support/ask.ts';
import { type LogLine, isStatus, logLines, startQuickStack, until } from './support/stack.ts';

const minute = new URL('./support/short-minute.ts', import.meta.url).href;
const outageMs = 8000;
let stack: Stack;

beforeAll(async () => {
  stack = await startQuickStack({ env: { NODE_OPTIONS: `--import ${minute}` } });
});
afterAll(() => stack?.[Symbol.asyncDispose]());

test.each([
  ['PostgreSQL', () => stack.postgres],
  ['Redis', () => stack.redis],
] as const)(
  'while %s is away each service says so once, again each minute, and when it is over',
  async (name, store) => {
    await until(`${stack.url.api}/readyz?verbose`, ({ text }) => !/^\[-\]/m.test(text));
    const before = new Map(serviceNames.map((service) => [service, linesOf(service).length]));
    const began = performance.now();
    await store()?.stop();
    const over = delay(outageMs, true);
    // Monitors ask all the while, and so does a client.
    while (!(await Promise.race([over, delay(200, false)]))) {
      await Promise.allSettled([
        ask(`${stack.url.api}/readyz`),
        ask(`${stack.url.calls}/health`),
        ask(`${stack.url.baileys}/health`),
      ]);
    }
    await store()?.start();
    const since = (service: ServiceName): LogLine[] => linesOf(service).slice(before.get(service));
    const says = (service: ServiceName, text: string): LogLine[] =>
      since(service).filter(({ msg }) => msg === text);
    for (const service of serviceNames) {
      await poll(() => says(service, `${name} is back`).length > 0, { what: `${service}'s last line` });
    }
    await until(`${stack.url.api}/readyz`, isStatus(200));
    // Of a shortened minute each, and one for the rounding.
    const mostReminders = Math.ceil((performance.now() - began) / 3000) + 1;
    for (const service of serviceNames) {
      expect([service, says(service, `${name} is away`).length]).toEqual([service, 1]);
      expect(says(service, `${name} is back`)).toMatchObject([
        { level: 'info', seconds: expect.any(Number) },
      ]);
      const reminders = says(service, `still: ${name} is away`);
      expect(reminders.length).toBeGreaterThan(0);
      expect(reminders.length).toBeLessThanOrEqual(mostReminders);
      // Nothing else is worth a line, and nothing at all a stack.
      const others = since(service).filter(
        ({ msg, level }) => level !== 'info' && !msg.includes(`${name} is`),
      );
      expect(others.map(({ msg }) => `${service}: ${msg}`)).toEqual([]);
      expect(since(service).length).toBeLessThanOrEqual(mostReminders + 2 + 4);
      expect(JSON.stringify(since(service))).not.toContain('"stack"');
    }
  },
);

function linesOf(service: ServiceName): LogLine[] {
  return logLines(stack.services[service].output());
}
