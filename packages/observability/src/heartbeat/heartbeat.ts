import { clockAheadSeconds } from '../clock.ts';
import type { RedisClient } from '../redis/client.ts';
import { luaScript } from '../redis/script.ts';
import { SingleFlight, withinTime } from '../redis/time-limit.ts';
import type { Consumer, ConsumerLiveness } from './consumer.ts';
import { StallTimer } from './stall-timer.ts';
import {
  BEAT_TTL_SECONDS,
  type HeartbeatRecord,
  type HeartbeatReplica,
  LOST_FOR_SECONDS,
  MAX_INTERVAL_SECONDS,
  indexKey,
  leftKey,
  replicaKey,
} from './keys.ts';

/** Where a heartbeat logs that it stopped, and that it is written again. `console` and a pino logger fit. */
export interface HeartbeatLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface HeartbeatOptions {
  redis: RedisClient;
  /** The key that all replicas share, such as `worker:heartbeat`. */
  key: string;
  replica: HeartbeatReplica;
  /** Seconds between two beats: over 0, at most 30, and 30 by default. A beat counts for 90 s. */
  everySeconds?: number;
  /** All of them have to work, or there is no beat. */
  consumers: readonly Consumer[];
  log: HeartbeatLog;
  /**
   * `run` is called once when the consumers it gets, by queue and with the reason, have not worked for `afterSeconds` although Redis
   * answered all the while. It should end the process, so that a new one is started.
   */
  giveUp?: { afterSeconds: number; run: (failing: Readonly<Record<string, string>>) => void };
}

const beatScript = luaScript('beat');
const TIME_LIMIT_MS = 2000;
/** After a beat that was withheld, or that Redis did not take, the next attempt comes sooner. */
const RETRY_MS = 2000;
/** Time between two log lines about one outage. */
const REPEAT_MS = 60_000;

/**
 * Waits until every consumer is ready, then writes a heartbeat every `everySeconds` for as long as every consumer works. Disposing
 * removes this replica's record, so that it counts as left and not as lost.
 *
 * @throws RangeError on an interval out of bounds, TypeError on an instance whose key the heartbeat uses itself
 */
export function startHeartbeat(options: HeartbeatOptions): AsyncDisposable {
  const { redis, key, replica, everySeconds = 30, consumers, log, giveUp } = options;
  if (!(everySeconds > 0 && everySeconds <= MAX_INTERVAL_SECONDS))
    throw new RangeError(
      `everySeconds must be over 0 and at most ${MAX_INTERVAL_SECONDS}, not ${everySeconds}`,
    );
  const recordKey = replicaKey(key, replica.instance);
  if (recordKey === indexKey(key) || recordKey === leftKey(key))
    throw new TypeError(`"${replica.instance}" cannot name a replica: the heartbeat uses that key itself`);
  const flight = new SingleFlight(TIME_LIMIT_MS, 'the heartbeat');
  let beatTimer: NodeJS.Timeout | undefined;
  let notReadyTimer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let outage: { since: number; loggedAt: number } | undefined;
  let lastBeat = performance.now();
  const stallTimer = new StallTimer(giveUp === undefined ? Infinity : giveUp.afterSeconds * 1000);
  let record: HeartbeatRecord = {
    instance: replica.instance,
    host: replica.host,
    pid: replica.pid,
    started_at: Math.floor(replica.startedAt.getTime() / 1000),
    beat_at: null,
    last_job_at: null,
    queues: {},
    clock_ahead_seconds: 0,
  };

  /** Logs the start of an outage, and once a minute that it lasts. */
  const logOutage = (fields: object, message: string): void => {
    const now = performance.now();
    if (outage === undefined) log.warn(fields, message);
    else if (now - outage.loggedAt >= REPEAT_MS)
      log.warn({ ...fields, seconds: secondsSince(outage.since) }, `still: ${message}`);
    else return;
    outage = { since: outage?.since ?? now, loggedAt: now };
  };
  const logRecovery = (): void => {
    if (outage === undefined) return;
    const fields = { instance: replica.instance, seconds: secondsSince(outage.since) };
    log.info(fields, 'the heartbeat is written again');
    outage = undefined;
  };

  /** Readers look up the replicas in this index. */
  const addToIndex = async (now: number, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    await redis.zadd(indexKey(key), now, replica.instance);
    signal.throwIfAborted();
    await redis.zremrangebyscore(indexKey(key), '-inf', now - LOST_FOR_SECONDS);
  };

  const writeBeat = async (queues: Record<string, string>, signal: AbortSignal): Promise<void> => {
    const sentAt = Date.now();
    const beatAt = Number(await beatScript.run(redis, [key], [String(BEAT_TTL_SECONDS)]));
    const clock = { sentAt, receivedAt: Date.now(), serverTime: beatAt * 1000, roundedDownMs: 999 };
    // Redis answered too late. This replica may have left meanwhile and must not come back as lost.
    signal.throwIfAborted();
    const lastJob = Math.max(0, ...consumers.map(({ lastJobAt = 0 }) => lastJobAt));
    record = {
      ...record,
      beat_at: beatAt,
      last_job_at: lastJob === 0 ? null : Math.floor(beatAt - (performance.now() - lastJob) / 1000),
      queues,
      clock_ahead_seconds: clockAheadSeconds(clock),
    };
    await redis.set(recordKey, JSON.stringify(record), 'EX', LOST_FOR_SECONDS);
    await addToIndex(beatAt, signal);
  };

  /** Shows in the record why there is no beat. The stall timer restarts while Redis is what fails. */
  const writeFailing = async (failing: Record<string, string>): Promise<void> => {
    try {
      await flight.run(async (signal) => {
        const [now] = await redis.time();
        signal.throwIfAborted();
        const hasBeaten = record.beat_at !== null;
        // A record without a beat expires unless it is written again.
        const ttlSeconds = hasBeaten ? LOST_FOR_SECONDS : BEAT_TTL_SECONDS;
        await redis.set(recordKey, JSON.stringify({ ...record, failing }), 'EX', ttlSeconds);
        if (!hasBeaten) await addToIndex(Number(now), signal);
      });
    } catch {
      return stallTimer.reset();
    }
    if (stallTimer.check(performance.now()) && !isStopped) giveUp?.run(failing);
  };

  /** Whether a beat was written. */
  const beat = async (): Promise<boolean> => {
    const now = performance.now();
    const all = consumers.map(
      (consumer) => [consumer.queue, checkConsumer(consumer, lastBeat, now)] as const,
    );
    const failing = all.flatMap(([queue, liveness]) => (liveness.ok ? [] : [{ queue, why: liveness.why }]));
    if (failing.length > 0) {
      logOutage({ consumers: failing }, 'no heartbeat: not every consumer works');
      await writeFailing(Object.fromEntries(failing.map(({ queue, why }) => [queue, why])));
      return false;
    }
    stallTimer.reset();
    try {
      const queues = Object.fromEntries(
        all.map(([queue, liveness]) => [queue, liveness.ok ? liveness.by : '']),
      );
      await flight.run((signal) => writeBeat(queues, signal));
      logRecovery();
      lastBeat = now;
      return true;
    } catch (error) {
      // A client that is not connected reports that itself.
      if (redis.status === 'ready')
        logOutage({ error: textOf(error) }, 'no heartbeat: Redis does not take it');
      return false;
    }
  };

  const leave = async (): Promise<void> => {
    await Promise.all([redis.del(recordKey), redis.zrem(indexKey(key), replica.instance)]);
    if (record.beat_at === null) return;
    const [now] = await redis.time();
    await redis.zadd(leftKey(key), Number(now), replica.instance);
    await redis.zremrangebyscore(leftKey(key), '-inf', Number(now) - LOST_FOR_SECONDS);
    await redis.expire(leftKey(key), LOST_FOR_SECONDS);
  };

  let current: Promise<void> = Promise.resolve();
  const beatRepeatedly = async (): Promise<void> => {
    const isBeaten = await beat();
    if (isStopped) return;
    const pauseMs = isBeaten ? everySeconds * 1000 : Math.min(RETRY_MS, everySeconds * 1000);
    beatTimer = setTimeout(() => {
      current = beatRepeatedly();
    }, pauseMs).unref();
  };
  const start = async (): Promise<void> => {
    const notReady = new Set(consumers.map(({ queue }) => queue));
    const failing = (): Record<string, string> =>
      Object.fromEntries([...notReady].map((queue) => [queue, 'it has not begun to work']));
    // A first beat that does not come would go unnoticed: there is no key yet that could expire.
    const overdue = setTimeout(() => {
      if (!isStopped)
        log.info({ consumers: [...notReady] }, 'no heartbeat yet: these consumers have not begun to work');
    }, everySeconds * 1000).unref();
    notReadyTimer = setInterval(() => {
      // Disposing waits for all of them, also for one that takes longer than the interval.
      current = Promise.all([current, writeFailing(failing())]).then(() => undefined);
    }, everySeconds * 1000).unref();
    try {
      await Promise.all(
        consumers.map(async (consumer) => {
          await consumer.ready();
          notReady.delete(consumer.queue);
        }),
      );
    } catch (error) {
      log.warn(
        { error: textOf(error), consumers: [...notReady] },
        'no heartbeat: a consumer did not become ready',
      );
      return;
    } finally {
      clearTimeout(overdue);
      clearInterval(notReadyTimer);
    }
    stallTimer.reset();
    // After a record of failures that is still being written, so that it does not replace the first beat.
    if (!isStopped) current = current.then(beatRepeatedly);
  };
  void start();

  return {
    [Symbol.asyncDispose]: async () => {
      if (isStopped) return;
      isStopped = true;
      clearTimeout(beatTimer);
      clearInterval(notReadyTimer);
      await current;
      try {
        await withinTime(TIME_LIMIT_MS, 'leaving', leave);
      } catch (error) {
        log.warn({ error: textOf(error) }, 'the heartbeat of this replica could not be removed');
      }
      for (const consumer of consumers) consumer[Symbol.dispose]();
    },
  };
}

/** A check that throws counts as a consumer that does not work. */
function checkConsumer(consumer: Consumer, since: number, now: number): ConsumerLiveness {
  try {
    return consumer.checkLiveness(since, now);
  } catch (error) {
    return { ok: false, why: `its check failed: ${String(error)}` };
  }
}

const secondsSince = (since: number): number => Math.round((performance.now() - since) / 100) / 10;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
