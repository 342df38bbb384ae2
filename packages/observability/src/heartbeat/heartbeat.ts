import { secondsAhead } from '../clock.ts';
import type { RedisClient } from '../redis/client.ts';
import { luaScript } from '../redis/script.ts';
import { LimitedFlight, withinTime } from '../redis/time-limit.ts';
import type { Consumer, Proof } from './consumer.ts';
import { Patience } from './patience.ts';
import {
  BEAT_TTL_SECONDS,
  type HeartbeatReplica,
  LONGEST_PAUSE_SECONDS,
  LOST_FOR_SECONDS,
  type ReplicaBeat,
  indexKey,
  leftKey,
  replicaKey,
} from './keys.ts';

export interface HeartbeatLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface HeartbeatOptions {
  redis: RedisClient;
  /** `worker:heartbeat` */
  key: string;
  replica: HeartbeatReplica;
  /** 30 at most: a beat is worth 90 s. */
  everySeconds?: number;
  consumers: readonly Consumer[];
  log: HeartbeatLog;
  /** What to do when no beat was earned for so long although Redis answers: a new process may work. Told once. */
  giveUp?: { afterSeconds: number; run: (failing: Readonly<Record<string, string>>) => void };
}

const beatScript = luaScript('beat');
const LIMIT_MS = 2000;
/** After a beat that was not earned, or not written, the next try comes sooner. */
const RETRY_MS = 2000;
/** Between two lines that say that there is no beat. */
const REPEAT_MS = 60_000;

/**
 * Beats when all consumers are ready, and then as often as told, as long as each of them proves that it works.
 * Disposing of it takes this replica's own key away: it left, and is not lost.
 */
export function startHeartbeat(options: HeartbeatOptions): AsyncDisposable {
  const { redis, key, replica, everySeconds = 30, consumers, log, giveUp } = options;
  if (!(everySeconds > 0 && everySeconds <= LONGEST_PAUSE_SECONDS))
    throw new RangeError(
      `everySeconds must be over 0 and at most ${LONGEST_PAUSE_SECONDS}, not ${everySeconds}`,
    );
  const own = replicaKey(key, replica.instance);
  if (own === indexKey(key) || own === leftKey(key))
    throw new TypeError(`${replica.instance} is no name for a replica: the heartbeat uses that key itself`);
  const flight = new LimitedFlight(LIMIT_MS, 'the heartbeat');
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let trouble: { since: number; toldAt: number } | undefined;
  let lastBeat = performance.now();
  const patience = new Patience(giveUp === undefined ? Infinity : giveUp.afterSeconds * 1000);
  let asking: NodeJS.Timeout | undefined;
  let record: ReplicaBeat = {
    instance: replica.instance,
    host: replica.host,
    pid: replica.pid,
    started_at: Math.floor(replica.startedAt.getTime() / 1000),
    beat_at: null,
    last_job_at: null,
    queues: {},
    clock_ahead_seconds: 0,
  };

  /** One line when the beats stop, one a minute while they do, and one when they come again. */
  const tell = (fields: object, message: string): void => {
    const now = performance.now();
    if (trouble === undefined) log.warn(fields, message);
    else if (now - trouble.toldAt >= REPEAT_MS)
      log.warn({ ...fields, seconds: secondsSince(trouble.since) }, `still: ${message}`);
    else return;
    trouble = { since: trouble?.since ?? now, toldAt: now };
  };

  /** Readers look for the replicas that are listed. */
  const list = async (now: number, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    await redis.zadd(indexKey(key), now, replica.instance);
    signal.throwIfAborted();
    await redis.zremrangebyscore(indexKey(key), '-inf', now - LOST_FOR_SECONDS);
  };

  const write = async (queues: Record<string, string>, signal: AbortSignal): Promise<void> => {
    const asked = Date.now();
    const beatAt = Number(await beatScript.run(redis, [key], [String(BEAT_TTL_SECONDS)]));
    const ahead = secondsAhead({ asked, answered: Date.now(), server: beatAt * 1000, roundedMs: 999 });
    // Redis answered too late. By now this replica may have left: it must not come back as lost.
    signal.throwIfAborted();
    const lastJob = Math.max(0, ...consumers.map(({ lastJobAt = 0 }) => lastJobAt));
    record = {
      ...record,
      beat_at: beatAt,
      last_job_at: lastJob === 0 ? null : Math.floor(beatAt - (performance.now() - lastJob) / 1000),
      queues,
      clock_ahead_seconds: ahead,
    };
    await redis.set(own, JSON.stringify(record), 'EX', LOST_FOR_SECONDS);
    await list(beatAt, signal);
  };

  /** Shows why there is no beat, without one. While Redis itself does not answer, that is why, and no new process helps. */
  const confess = async (failing: Record<string, string>): Promise<void> => {
    try {
      await flight.run(async (signal) => {
        const [now] = await redis.time();
        signal.throwIfAborted();
        const hasBeaten = record.beat_at !== null;
        // Without a beat that it could outlive, it is shown for as long as it repeats itself.
        const shownFor = hasBeaten ? LOST_FOR_SECONDS : BEAT_TTL_SECONDS;
        await redis.set(own, JSON.stringify({ ...record, failing }), 'EX', shownFor);
        if (!hasBeaten) await list(Number(now), signal);
      });
    } catch {
      return patience.renew();
    }
    if (patience.isOver(performance.now()) && !stopped) giveUp?.run(failing);
  };

  const beat = async (): Promise<boolean> => {
    const now = performance.now();
    const proofs = consumers.map((consumer) => [consumer.queue, proofOf(consumer, lastBeat, now)] as const);
    const missing = proofs.flatMap(([queue, proof]) => (proof.ok ? [] : [{ queue, why: proof.why }]));
    if (missing.length > 0) {
      tell({ consumers: missing }, 'no heartbeat: not every consumer works');
      await confess(Object.fromEntries(missing.map(({ queue, why }) => [queue, why])));
      return false;
    }
    patience.renew();
    try {
      const queues = Object.fromEntries(proofs.map(([queue, proof]) => [queue, proof.ok ? proof.by : '']));
      await flight.run((signal) => write(queues, signal));
      if (trouble !== undefined)
        log.info(
          { instance: replica.instance, seconds: secondsSince(trouble.since) },
          'the heartbeat is written again',
        );
      trouble = undefined;
      lastBeat = now;
      return true;
    } catch (err) {
      // A client without a connection has told that itself.
      if (redis.status === 'ready') tell({ error: textOf(err) }, 'no heartbeat: Redis does not take it');
      return false;
    }
  };

  const leave = async (): Promise<void> => {
    await Promise.all([redis.del(own), redis.zrem(indexKey(key), replica.instance)]);
    if (record.beat_at === null) return;
    const [now] = await redis.time();
    await redis.zadd(leftKey(key), Number(now), replica.instance);
    await redis.zremrangebyscore(leftKey(key), '-inf', Number(now) - LOST_FOR_SECONDS);
    await redis.expire(leftKey(key), LOST_FOR_SECONDS);
  };

  let current: Promise<void> = Promise.resolve();
  const turn = async (): Promise<void> => {
    const beaten = await beat();
    if (stopped) return;
    const pause = beaten ? everySeconds * 1000 : Math.min(RETRY_MS, everySeconds * 1000);
    timer = setTimeout(() => {
      current = turn();
    }, pause).unref();
  };
  const begin = async (): Promise<void> => {
    const waiting = new Set(consumers.map(({ queue }) => queue));
    // Nobody sees that a first beat does not come: it has no key that could expire.
    const notBegun = (): Record<string, string> =>
      Object.fromEntries([...waiting].map((queue) => [queue, 'it has not begun to work']));
    const overdue = setTimeout(() => {
      if (!stopped)
        log.info({ consumers: [...waiting] }, 'no heartbeat yet: these consumers have not begun to work');
    }, everySeconds * 1000).unref();
    asking = setInterval(() => {
      // One that takes longer than the pause is waited for, too, before its replica leaves.
      current = Promise.all([current, confess(notBegun())]).then(() => undefined);
    }, everySeconds * 1000).unref();
    try {
      await Promise.all(
        consumers.map(async (consumer) => {
          await consumer.ready();
          waiting.delete(consumer.queue);
        }),
      );
    } catch (err) {
      log.warn(
        { error: textOf(err), consumers: [...waiting] },
        'no heartbeat: a consumer did not become ready',
      );
      return;
    } finally {
      clearTimeout(overdue);
      clearInterval(asking);
    }
    patience.renew();
    // What is being confessed must not be written over the first beat.
    if (!stopped) current = current.then(turn);
  };
  void begin();

  return {
    [Symbol.asyncDispose]: async () => {
      if (stopped) return;
      stopped = true;
      clearTimeout(timer);
      clearInterval(asking);
      await current;
      try {
        await withinTime(LIMIT_MS, 'leaving', leave);
      } catch (err) {
        log.warn({ error: textOf(err) }, 'the heartbeat of this replica could not be taken away');
      }
      for (const consumer of consumers) consumer[Symbol.dispose]();
    },
  };
}

/** A consumer that can't tell proves nothing. */
function proofOf(consumer: Consumer, since: number, now: number): Proof {
  try {
    return consumer.prove(since, now);
  } catch (error) {
    return { ok: false, why: `its proof failed: ${String(error)}` };
  }
}

const secondsSince = (since: number): number => Math.round((performance.now() - since) / 100) / 10;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
