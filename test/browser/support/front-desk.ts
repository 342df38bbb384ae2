import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type FrontDesk, startFrontDesk } from '../../spec/support/front-desk.ts';
import { outputOf } from '../../spec/support/stack.ts';
import { startBrowser } from './console.ts';

type Person = Awaited<ReturnType<FrontDesk['addPerson']>>;

// Set before the first test.
export let desk: FrontDesk;
export let browser: Browser;
/** Staff. */
export let noa: Person;
/** The owner. */
export let dana: Person;

/** Starts a stack with a WhatsApp account, and a browser, for all tests of a file. */
export function useFrontDesk(): void {
  beforeAll(async () => {
    [desk, browser] = await Promise.all([
      startFrontDesk({ services: ['baileys', 'worker', 'api'] }),
      startBrowser(),
    ]);
    noa = await desk.addPerson('Noa', 'staff');
    dana = await desk.addPerson('Dana', 'owner');
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.log(outputOf(desk.stack).slice(-4000));
  });
  afterAll(async () => {
    await browser?.close();
    await desk?.[Symbol.asyncDispose]();
  });
}
