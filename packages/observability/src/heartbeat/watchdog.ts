import { Worker } from 'node:worker_threads';

export interface WatchdogOptions {
  /** The process is killed when its event loop has been blocked for this long. */
  limitSeconds: number;
  /** Called at once: the line that is written to stderr before the process is killed. */
  line: (blockedSeconds: number) => string;
}

const INTERVAL_MS = 1000;

/**
 * The watching thread, as text so that a bundler does not have to find a file for it. It counts its own looks instead of measuring time:
 * while the process is stopped, or the machine sleeps, it does not look either.
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
 * Kills this process by SIGKILL when its event loop is blocked for `limitSeconds`: a blocked process can neither answer nor end by
 * itself. Costs one sleeping thread. Disposing ends the watch.
 */
export function startWatchdog({ limitSeconds, line }: WatchdogOptions): AsyncDisposable {
  const ticks = new Int32Array(new SharedArrayBuffer(8));
  const workerData = {
    shared: ticks.buffer,
    limit: Math.ceil((limitSeconds * 1000) / INTERVAL_MS),
    everyMs: INTERVAL_MS,
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
  const timer = setInterval(() => Atomics.add(ticks, 0, 1), INTERVAL_MS / 2).unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await thread.terminate();
    },
  };
}
