import {
  agentReport,
  createAgent,
  modelSettings,
  profileReport,
  startProfile,
  type Agent,
  type Profile,
} from '@prosaas/agentkit';
import {
  checkStack,
  createDatabase,
  watchLearnedAnswers,
  migrationStatus,
  setBusinessProfile,
  startKeyRing,
  databasePreparationLog,
  type Database,
} from '@prosaas/database';
import { startHeartbeat, watchBullWorker } from '@prosaas/observability';
import {
  createRelay,
  queueNames,
  queueTable,
  scheduleTable,
  startReleaser,
  type QueueName,
} from '@prosaas/queues';
import {
  closeRedis,
  createRedis,
  endOnFailure,
  errorReason,
  keyspace,
  redisAddress,
  retryForever,
  warnOfRedisRisks,
  type Logger,
  type RunningService,
  type ServiceContext,
} from '@prosaas/runtime';
import { type CountedEvent, startTelemetry, writeFailureReport, bindAgentMetrics } from '@prosaas/telemetry';
import type { Redis } from 'ioredis';
import { createBaileysClient } from './baileys-client.ts';
import { createChildRunner } from './child-runner.ts';
import type { Config } from './config.ts';
import { consumerTimes, startConsumers, type ConsumerTimes, type Consumers } from './consumers.ts';
import { bindJobInstruments } from './job-instruments.ts';
import { answerLimits } from './job.ts';
import { createHandlers } from './jobs/index.ts';
import { createMailer } from './mailer.ts';
import { exitWhenStuck } from './exit-when-stuck.ts';
import { startSchedules, type ScheduleRunner } from './schedules.ts';
import { noticeChannels } from './notices/channels.ts';
import { handOverTask } from './tasks/hand-over.ts';
import { importJobs } from './tasks/import-jobs.ts';
import { recoverLostJobs } from './tasks/lost-jobs.ts';
import { retentionTask } from './tasks/retention.ts';

export interface WorkerOverrides {
  times?: ConsumerTimes;
}

/** Default of the profile's `person.minutes`. */
const PERSON_MINUTES = 120;
/** For up to 20 concurrent jobs per queue, each of which holds a connection only at times. */
const DATABASE_CONNECTIONS = 20;

export async function startWorker(
  config: Config,
  { identity, log }: ServiceContext,
  overrides: WorkerOverrides = {},
): Promise<RunningService> {
  await using opened = new AsyncDisposableStack();
  const keys = keyspace(config.REDIS_NAMESPACE);
  const address = redisAddress(config);
  const store = opened.use(await startProfile({ path: config.PROFILE_PATH, log }));
  const profile = store.current;

  const db = opened.use(
    createDatabase({
      url: config.DATABASE_URL,
      size: DATABASE_CONNECTIONS,
      applicationName: identity.instance,
      log,
    }),
  );
  const commands = opened.adopt(
    createRedis({ ...address, name: 'worker', role: 'commands', log }),
    closeRedis,
  );
  const blocking = opened.adopt(
    createRedis({ ...address, name: 'worker:jobs', role: 'blocking', log }),
    closeRedis,
  );
  const telemetry = opened.use(startTelemetry({ config, identity, log }));
  const keyRing = opened.use(startKeyRing(db, config, { log, readsPeople: false }));
  const { giveUp } = opened.use(
    exitWhenStuck({ afterSeconds: config.WORKER_EXIT_AFTER_SECONDS, identity, log }),
  );

  const { bullPrefix } = keys;

  const model = modelSettings(config);
  const agentOutcomes = bindAgentMetrics(telemetry.metrics);
  const agent = opened.use(createAgent({ profile, model, log, ...agentOutcomes }));
  const rules = opened.use(createAgent({ profile, log }));
  const warmUp = (): void => loadAgent(agent, log);
  warmUp();
  telemetry.registerReplica({
    report: () => ({
      ...agentReport(agent),
      ...profileReport(store),
      ...writeFailureReport(db),
      queues: [...queueNames],
    }),
    on: { warmup: warmUp },
  });

  // What follows needs the database, and starts once it is reachable.
  const work = new AsyncDisposableStack();
  const stopping = new AbortController();
  void warnOfRedisRisks({ redis: commands, key: keys.key('stack'), log, signal: stopping.signal });
  let consumers: Consumers | undefined;
  let schedules: ScheduleRunner | undefined;
  const stopTaking = (): void => {
    stopping.abort();
    consumers?.stop();
    schedules?.stop();
  };

  const begin = async (): Promise<void> => {
    let stored: Profile | undefined;
    const storeProfile = async (): Promise<void> => {
      const current = profile();
      if (current === stored) return;
      const { person, timeZone } = current;
      await setBusinessProfile(db, { personMinutes: person?.minutes ?? PERSON_MINUTES, timeZone });
      stored = current;
    };
    const prepare = async (): Promise<void> => {
      await readyToWork(db, commands, keys.key('stack'));
      await storeProfile();
    };
    await retryForever(prepare, {
      signal: stopping.signal,
      baseMs: 200,
      maxMs: 3000,
      onError: (error) => {
        if (error instanceof Error && error.name === 'StackConflict') throw error;
      },
      outage: databasePreparationLog(log),
    });
    stopping.signal.throwIfAborted();
    const learned = work.use(
      watchLearnedAnswers(db, { log, onLearned: (entries) => store.setLearned(entries) }),
    );
    await retryForever(() => learned.read(), { signal: stopping.signal, baseMs: 200, maxMs: 3000 });
    const relay = work.use(createRelay({ redis: commands, bullPrefix, log }));
    work.use(startReleaser({ db, relay, log }));
    const { times = consumerTimes } = overrides;
    const { instance } = identity;
    const secret = (): string | undefined => keyRing.current()?.internalSecret;
    const baileys = createBaileysClient({ url: config.BAILEYS_URL, secret });
    const mailer = createMailer(config);
    const limits = answerLimits(config);
    const handlers = createHandlers({ db, agent, rules, profile, baileys, mailer, limits });
    const count = ({ metric, labels }: CountedEvent): void => telemetry.metrics.counter(metric, labels).add();
    consumers = work.use(
      startConsumers({
        redis: blocking,
        bullPrefix,
        db,
        relay,
        handlers,
        children: work.use(createChildRunner({ db, profile, ...agentOutcomes })),
        concurrency: config.WORKER_CONCURRENCY,
        rateLimits: { 'outbound-messages': config.WORKER_SENDS_PER_SECOND },
        instance,
        instruments: bindJobInstruments(telemetry.metrics),
        count,
        log,
        times,
      }),
    );
    const handOver = handOverTask({
      db,
      relay,
      profile,
      channels: noticeChannels({ hasMail: mailer !== undefined }),
      onHandOver: (reason) => count({ metric: 'handovers', labels: { reason } }),
      log,
    });
    schedules = work.use(
      startSchedules({
        db,
        table: scheduleTable,
        tasks: {
          retention: retentionTask({ db, config, log }),
          'hand-over': async (signal) => {
            // The profile may have been reloaded.
            await storeProfile();
            await handOver(signal);
          },
          'lost-jobs': async (signal) => {
            await recoverLostJobs({ db, redis: commands, bullPrefix, relay, log, signal });
          },
          'import-jobs': (signal) => importJobs({ db, redis: commands, bullPrefix, log, signal }),
        },
        onRun: (schedule, outcome) => telemetry.metrics.counter('schedule_runs', { schedule, outcome }).add(),
        instance,
        log,
      }),
    );
    work.use(
      startHeartbeat({
        redis: commands,
        key: keys.heartbeat,
        replica: identity,
        everySeconds: config.WORKER_HEARTBEAT_SECONDS,
        consumers: consumers.workers.map((worker) =>
          watchBullWorker(worker, { timeLimitMs: queueTable[worker.name as QueueName].timeLimitMs }),
        ),
        log,
        ...(giveUp && { giveUp }),
      }),
    );
    await consumers.ready();
    log.info({ queues: queueNames, concurrency: config.WORKER_CONCURRENCY }, 'the worker takes jobs');
  };
  // An error here, such as a Redis namespace that belongs to another stack, ends the service.
  const begun = endOnFailure(begin(), stopping.signal);

  const everything = opened.move();
  return {
    drain() {
      telemetry.drain();
      stopTaking();
    },
    async [Symbol.asyncDispose]() {
      stopTaking();
      // While Redis is away the start never finishes, so do not wait for it alone.
      await Promise.race([begun, consumers?.[Symbol.asyncDispose]()]);
      await work.disposeAsync();
      await everything.disposeAsync();
    },
  };
}

async function readyToWork(db: Database, redis: Redis, stackKey: string): Promise<void> {
  const { pending } = await migrationStatus(db);
  if (pending.length > 0) throw new Error(`migrations are pending: ${pending.join(', ')}`);
  await checkStack(db, redis, stackKey);
}

function loadAgent(agent: Agent, log: Logger): void {
  void agent.load().then(
    () => log.debug('the agent is loaded'),
    (error: unknown) => log.error(errorReason(error), 'the agent could not be loaded'),
  );
}
