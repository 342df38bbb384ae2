import { isDeepStrictEqual } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { poll } from '@prosaas/devstack';
import type { Fault } from './fault.ts';
import { type FrontDesk, type Metrics, type QueueStates, openFrontDesk } from './front-desk.ts';
import { type KeptRedis, type Way, dockerIsThere, keptInCompose, keptOnHost, ways } from './kept-redis.ts';

const engines = { redis: 'Redis', valkey: 'Valkey' } as const;
type Engine = keyof typeof engines;
type Load = 'at-rest' | 'under-traffic';

const outbound = 'outbound-messages';
/** The time between two messages of any customers. */
const WRITE_EVERY_MS = 100;
const TRAFFIC_MS = 3000;
const ANSWER_TIMEOUT_MS = 90_000;

/** Restarts Redis in four ways, which must keep counters, totals, pauses, the dead letter and `since`. */
export const redisRestarts: readonly Fault[] = (Object.keys(engines) as Engine[]).flatMap((engine) =>
  (['at-rest', 'under-traffic'] as const).map((load) => ({
    name: `${engine}-restarts-${load}`,
    run: (say: (line: string) => void) => run(engine, load, say),
  })),
);

async function run(engine: Engine, load: Load, say: (line: string) => void): Promise<string[] | 'skipped'> {
  const hasDocker = await dockerIsThere();
  if (!hasDocker && engine === 'valkey') {
    say('  skipped: no Docker engine answers, which is what runs Valkey');
    return 'skipped';
  }
  if (!hasDocker) say("  no Docker engine answers: this machine's own Redis is used");
  await using redis = await (hasDocker ? keptInCompose(engine === 'valkey') : keptOnHost());
  await using desk = await openFrontDesk(await redis.url());
  const dead = await prepare(desk);
  const broken: string[] = [];
  for (const [index, way] of ways.entries()) {
    const isPaused = index % 2 === 0;
    await desk.order(outbound, isPaused ? 'pause' : 'resume');
    const before = await atRest(desk);
    const found = await (load === 'at-rest' ? restartAtRest : restartUnderTraffic)(redis, desk, way, before);
    await desk.order(outbound, 'resume');
    const after = await atRest(desk);
    const due = desk.asked() - dead;
    const { whatsapp_outbound_messages: sent } = after.metrics.counters;
    if (sent !== due) found.push(`${due} answers were due, and ${sent} were sent`);
    // A phone that could not decrypt a message requests it again.
    await poll(() => desk.heard() >= due, { timeoutMs: ANSWER_TIMEOUT_MS }).catch(() => {});
    if (desk.heard() !== due) found.push(`${due} answers were due and phones got ${desk.heard()}`);
    if (after.metrics.since !== before.metrics.since) found.push('`since` changed');
    say(`  ${way}: ${desk.asked()} messages, ${found.length === 0 ? 'held' : found.join('; ')}`);
    broken.push(...found.map((promise) => `${way}: ${promise}`));
  }
  const critical = (await redis.output()).split('\n').filter((line) => line.includes('CRITICAL'));
  if (critical.length > 0) broken.push(`${critical.length} CRITICAL lines, the first: ${critical[0]}`);
  if (broken.length > 0) say(desk.output());
  return broken;
}

/** Causes answered messages, a call, and jobs in the dead letter. Returns the number of these jobs. */
async function prepare(desk: FrontDesk): Promise<number> {
  for (let message = 0; message < 6; message += 1) await desk.write();
  await desk.call();
  await atRest(desk);
  await desk.order(outbound, 'pause');
  for (let message = 0; message < 3; message += 1) await desk.write();
  await atRest(desk);
  await desk.order(outbound, 'drain');
  const { dead_letter_depth: dead } = await poll(
    async () => {
      const states = await desk.queues();
      return states.dead_letter_depth === 3 && states;
    },
    { what: 'three jobs in the dead letter' },
  );
  return dead;
}

interface State {
  metrics: Metrics;
  queues: QueueStates;
}

/** Waits until every message was received, no job runs, and two complete readings are equal. */
async function atRest(desk: FrontDesk): Promise<State> {
  let last: State | undefined;
  const rest = poll(
    async () => {
      const state: State = { metrics: await desk.metrics(), queues: await desk.queues() };
      const { counters, complete } = state.metrics;
      for (const item of state.queues.items) Object.assign(item, { oldest_age_seconds: 0 });
      const isQuiet = state.queues.items.every(
        ({ waiting, active, delayed, pending, paused }) =>
          active + delayed === 0 && (waiting + pending === 0 || paused),
      );
      const isDone = complete && isQuiet && counters['whatsapp_inbound_messages'] === desk.asked();
      const isSame =
        isDeepStrictEqual(last?.metrics.counters, counters) && isDeepStrictEqual(last?.queues, state.queues);
      last = state;
      return isDone && isSame && state;
    },
    // The services look every 10 s for jobs that a killed Redis has lost.
    { timeoutMs: 180_000, everyMs: 1500, what: 'all to be at rest' },
  );
  return rest.catch((cause: unknown) => {
    throw new Error(`never at rest: ${desk.asked()} messages, ${JSON.stringify(last)}`, { cause });
  });
}

async function begin(redis: KeptRedis, desk: FrontDesk, way: Way): Promise<void> {
  const isWhole = way === 'down and up';
  if (isWhole) await desk.stop();
  await redis.begin(way);
  if (isWhole) await desk.start(await redis.url());
}

async function restartAtRest(redis: KeptRedis, desk: FrontDesk, way: Way, before: State): Promise<string[]> {
  await begin(redis, desk, way);
  const after = await atRest(desk);
  const parts = {
    counters: [before.metrics.counters, after.metrics.counters],
    'queues, pauses or the dead letter': [before.queues, after.queues],
  };
  return Object.entries(parts)
    .filter(([, [was, is]]) => !isDeepStrictEqual(was, is))
    .map(([what, [was, is]]) => `${what} changed: ${JSON.stringify(was)} became ${JSON.stringify(is)}`);
}

async function restartUnderTraffic(
  redis: KeptRedis,
  desk: FrontDesk,
  way: Way,
  before: State,
): Promise<string[]> {
  const over = new AbortController();
  const [broken] = await Promise.all([
    watchTotals(desk, over.signal),
    writeUntil(desk, over.signal),
    (async () => {
      await delay(TRAFFIC_MS);
      await begin(redis, desk, way);
      await delay(TRAFFIC_MS);
      over.abort();
    })(),
  ]);
  const after = await atRest(desk);
  const pauses = ({ queues }: State): unknown => queues.items.map(({ name, paused }) => [name, paused]);
  if (!isDeepStrictEqual(pauses(before), pauses(after))) broken.add('a pause is gone');
  if (before.queues.dead_letter_depth !== after.queues.dead_letter_depth)
    broken.add(`the dead letter holds ${after.queues.dead_letter_depth} jobs`);
  const { queue_jobs_enqueued: enqueued, queue_jobs_completed: completed } = after.metrics.counters;
  const failed = after.metrics.counters['queue_jobs_failed'] ?? 0;
  const waiting = after.queues.items.reduce((sum, item) => sum + item.waiting, 0);
  if (enqueued !== (completed ?? 0) + failed + waiting)
    broken.add(`${enqueued} jobs enqueued, ${completed} completed, ${failed} failed, ${waiting} waiting`);
  return [...broken];
}

async function writeUntil(desk: FrontDesk, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await desk.write();
    await delay(WRITE_EVERY_MS);
  }
}

/** Reads the metrics repeatedly. Returns the counters that fell, and whether `since` changed. */
async function watchTotals(desk: FrontDesk, over: AbortSignal): Promise<Set<string>> {
  const found = new Set<string>();
  let last: Metrics | undefined;
  while (!over.aborted) {
    // The services are away while `down and up` runs.
    const next = await desk.metrics().catch(() => undefined);
    if (next && last) {
      if (next.since !== last.since) found.add(`\`since\` changed in a reading`);
      for (const [name, value] of Object.entries(last.counters))
        if ((next.counters[name] ?? 0) < value) found.add(`${name} fell`);
    }
    last = next ?? last;
    await delay(200);
  }
  return found;
}
