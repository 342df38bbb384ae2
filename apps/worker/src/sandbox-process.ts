// The sandbox of a worker: does one job after the other, as it is told by the worker that started it, and ends with it.
import { readFileSync, writeFileSync } from 'node:fs';
import { createAgent, loadProfile, modelSettings } from '@prosaas/agentkit';
import { createDatabase, startKeyRing } from '@prosaas/database';
import { checkPayload, openBegunWork, parseTrace } from '@prosaas/queues';
import {
  captureConsole,
  createLogger,
  createRedis,
  identify,
  keyspace,
  loadConfig,
  redisAddress,
  redisReady,
} from '@prosaas/runtime';
import { buildHandlers } from './build-handlers.ts';
import { Config } from './config.ts';
import { lastResort } from './not-working.ts';
import { queuesOf } from './queue-settings.ts';
import { AtWork } from './sandbox/at-work.ts';
import type { Ended, Order, SandboxedJob } from './sandbox/protocol.ts';
import { Stopping, TimeIsUp, describeError, judge } from './verdict.ts';

/** To take back in Redis what it is at. */
const LAST_WORD_MS = 1000;

// The worker is gone, or needs it no more. First of all: it may be gone before this process has started.
let atWork: AtWork | undefined;
process.on('disconnect', () => {
  setTimeout(() => process.exit(0), LAST_WORD_MS);
  void (atWork?.lastWord() ?? Promise.resolve()).finally(() => process.exit(0));
});
if (!process.connected) process.exit(0);
preferToWorker();
// Signals to its group are the worker's affair.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {});

const config = loadConfig(Config, process.env);
const identity = identify('worker');
const log = createLogger({
  service: 'worker',
  instance: `${identity.instance}:sandbox`,
  level: config.LOG_LEVEL,
  pretty: config.LOG_PRETTY,
});
captureConsole(log);
// A job that computes for ever ends this process as it would a worker.
lastResort({ afterSeconds: config.WORKER_EXIT_AFTER_SECONDS, identity, log });

const profile = await loadProfile(config.PROFILE_PATH);
const db = createDatabase({
  url: config.DATABASE_URL,
  size: 2,
  applicationName: `${identity.instance}:sandbox`,
  log,
});
const redis = createRedis({ ...redisAddress(config), name: 'worker:sandbox', role: 'commands', log });
await redisReady(redis);
const keyRing = startKeyRing(db, config, { log });
const { bullPrefix } = keyspace(config.REDIS_NAMESPACE);
const handlers = buildHandlers({
  db,
  redis,
  bullPrefix,
  queues: queuesOf(config),
  agent: createAgent({ profile, model: modelSettings(config), log }),
  rules: createAgent({ profile, log }),
  baileysUrl: config.BAILEYS_URL,
  secret: () => keyRing.current()?.internalSecret,
  // The worker looks into the outbox when it hears that the job is done.
  onCommitted: () => {},
});

const notes = (atWork = new AtWork(openBegunWork({ redis, bullPrefix })));
const running = new Map<string, AbortController>();

async function run(job: SandboxedJob): Promise<Ended> {
  const { id, queue, trace, lastAttempt } = job;
  const aborting = new AbortController();
  running.set(id, aborting);
  const jobLog = log.child({ queue, job_id: id, trace_id: parseTrace(trace)?.traceId });
  const task = { trace, lastAttempt, signal: aborting.signal, log: jobLog };
  try {
    await notes.run(job, (around) =>
      handlers[queue]({ ...task, around, payload: checkPayload(queue, job.payload) }),
    );
    return { id, isOwing: notes.isOwing };
  } catch (error) {
    const verdict = judge(error, { lastAttempt, ageMs: Date.now() - job.dueAt });
    return { id, verdict, error: describeError(error), isOwing: notes.isOwing };
  } finally {
    running.delete(id);
  }
}

/** Nobody hears it where the worker died meanwhile. */
function report(ended: Ended): void {
  if (process.connected) process.send?.(ended, () => {});
}

/** Where memory runs out, a Linux kernel is to take this process and not its worker: as if it had a fifth of the memory more. */
function preferToWorker(): void {
  const file = '/proc/self/oom_score_adj';
  try {
    writeFileSync(file, String(Math.min(Number(readFileSync(file, 'utf8')) + 200, 1000)));
  } catch {
    // Another system.
  }
}

process.on('message', (order: Order) => {
  if (order.type === 'run') void run(order).then(report);
  else
    running
      .get(order.id)
      ?.abort(order.because === 'stopping' ? new Stopping('the worker stops') : new TimeIsUp());
});
