import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type RawSocket, openUpgrade, poll } from '@prosaas/devstack';
import { babble } from '@prosaas/simulators';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { frame, unfinishedMessage } from './frames.ts';
import { Stage } from './stage.ts';

const mediaPath = '/ws/twilio-media';
const sockets = 78;
/** 112 KB on the wire. */
const fragments = 16_000;
/** USER_HZ of Linux. */
const clockTicksPerSecond = 100;

let stage: Stage;
let desk: Awaited<ReturnType<Stage['process']>>;

beforeAll(async () => {
  stage = await Stage.start();
  desk = await stage.process();
});
afterAll(async () => {
  await desk[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});

async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${desk.stack.services.calls.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** CPU time, which other work on the machine affects less than elapsed time. */
async function processorSeconds(): Promise<number> {
  const stat = await readFile(`/proc/${desk.stack.services.calls.pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) / clockTicksPerSecond;
}

/** The lowest of several readings, without memory that is about to be collected. */
async function settledBytes(): Promise<number> {
  let lowest = Infinity;
  for (let reading = 0; reading < 4; reading += 1) {
    lowest = Math.min(lowest, await residentBytes());
    await pause(25);
  }
  return lowest;
}

/** Waits until a new process has stopped growing: it loads the voice and compiles code for some seconds. */
async function untilResidentBytesStandStill(): Promise<void> {
  let last: number[] = [];
  const standStill = async (): Promise<boolean> => {
    last = [...last, await residentBytes()].slice(-8);
    return last.length === 8 && Math.max(...last) < 1.01 * Math.min(...last);
  };
  await poll(standStill, { everyMs: 250, timeoutMs: 30_000, what: 'memory that stands still' });
}

/** Takes samples while `work` runs. */
async function highestResidentBytes(work: Promise<unknown>): Promise<number> {
  let highest = 0;
  let over = false;
  void work.finally(() => (over = true));
  while (!over) {
    highest = Math.max(highest, await settledBytes());
  }
  return highest;
}

async function attack(path: string): Promise<void> {
  const message = unfinishedMessage(fragments);
  const opened = await Promise.all(
    Array.from({ length: sockets }, async () => {
      const raw = await openUpgrade(desk.stack.url.calls, path);
      await sendAll(raw, message);
      return raw;
    }),
  );
  // The service has handled the sent data before it answers this.
  expect((await fetch(`${desk.stack.url.calls}/healthz`)).status).toBe(200);
  for (const { socket } of opened) socket.destroy();
}

async function sendAll({ socket, closed }: RawSocket, bytes: Buffer): Promise<void> {
  const sent = new Promise<void>((resolve) => void socket.write(bytes, () => resolve()));
  await Promise.race([sent, closed]);
}

test('unfinished messages of unauthenticated sockets use hardly any memory, and do not affect a live call', async () => {
  await untilResidentBytesStandStill();
  const speech = babble(8000);
  const call = await desk.provider.call({
    script: async (stream) => {
      await poll(() => stream.heard.length > 1600, { what: 'the first words' });
      stream.press('5');
      await poll(() => stream.clears === 1, { what: 'the greeting to be taken back' });
      await stream.say(speech);
      stream.press('#');
    },
  });
  await poll(() => call.stream?.clears === 1, { what: 'the greeting to be taken back' });
  const before = await settledBytes();
  const rounds = (async () => {
    for (const path of [mediaPath, mediaPath, mediaPath, '/healthz']) await attack(path);
  })();
  const highest = await highestResidentBytes(rounds);
  await rounds;
  expect(highest / before).toBeLessThan(1.1);

  expect(call.scriptError).toBeUndefined();
  await call.ended;
  const [recording] = (await stage.outcomeOf(call.sid)).recordings;
  expect(recording?.audio.includes(Buffer.from(speech))).toBe(true);
});

test.each([
  // What JSON.parse takes longest for.
  ['full-size frames', frame(Buffer.from('['.repeat(32_000))), 200],
  // 64 KiB, which the service reads in one go.
  ['empty frames', frame(Buffer.alloc(0)), 10_922],
  ['frames of one letter', frame(Buffer.from('x')), 9362],
])('%s of unauthenticated sockets use hardly any CPU time', async (_name, piece, count) => {
  const flood = Buffer.concat(Array.from({ length: count }, () => piece));
  const opened = await Promise.all(
    Array.from({ length: sockets }, () => openUpgrade(desk.stack.url.calls, mediaPath)),
  );
  const before = await processorSeconds();
  await Promise.all(opened.map((raw) => sendAll(raw, flood)));
  await Promise.all(opened.map(({ closed }) => closed));
  // It would be 8 s and more if every frame were parsed.
  expect((await processorSeconds()) - before).toBeLessThan(3);
});
