import { Worker } from 'node:worker_threads';

export interface WatchdogOptions {
  /** A blocked event loop is ended after so long. */
  limitSeconds: number;
  /** The line that is written to stderr before. */
  line: (blockedSeconds: number) => string;
}

const EVERY_MS = 1000;

/**
 * Runs in a thread of its own, as text: no bundler has to find a file for it. It counts looks and no time: while the process
 * is stopped, or its machine sleeps, nobody looks.
 */
const code = `
const { workerData: { shared, limit, everyMs, lines } } = require('node:worker_threads');
const ticks = new Int32Array(shared);
let seen = -1;
let looks = 0;
for (;;) {
  Atomics.wait(ticks, 1, 0, everyMs);
  const tick = Atomics.load(ticks, 0);
  looks = tick === seen ? looks + 1 : 0;
  seen = tick;
  if (looks < limit) continue;
  require('node:fs').writeSync(2, lines + '\\n');
  process.kill(process.pid, 'SIGKILL');
}`;

/**
 * Ends the process by SIGKILL when its event loop does not turn for so long: it can't do that by itself, and neither beats
 * nor answers. Costs a thread that sleeps.
 */
export function startWatchdog({ limitSeconds, line }: WatchdogOptions): AsyncDisposable {
  const ticks = new Int32Array(new SharedArrayBuffer(8));
  const workerData = {
    shared: ticks.buffer,
    limit: Math.ceil((limitSeconds * 1000) / EVERY_MS),
    everyMs: EVERY_MS,
    lines: line(limitSeconds),
  };
  const thread = new Worker(code, {
    eval: true,
    workerData,
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 },
  });
  thread.unref();
  const timer = setInterval(() => Atomics.add(ticks, 0, 1), EVERY_MS / 2).unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await thread.terminate();
    },
  };
}
