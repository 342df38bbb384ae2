import { consoleFolder } from '@prosaas/console';
import { createDatabase, createDatabaseProbe, startKeyRing } from '@prosaas/database';
import {
  HealthRegistry,
  notifyReplicas,
  listReplicas,
  readHeartbeats,
  readServiceSetting,
  setServiceSetting,
} from '@prosaas/observability';
import {
  QueuesUnavailable,
  deadLetterLimits,
  createRelay,
  openJobReader,
  openQueueControl,
  readQueueTotals,
} from '@prosaas/queues';
import {
  type RunningService,
  type ServiceContext,
  buildInfo,
  closeRedis,
  createRedis,
  endOnFailure,
  describeRedis,
  keyspace,
  redisAddress,
  redisReady,
  warnOfRedisRisks,
  outageLog,
} from '@prosaas/runtime';
import {
  createSystemMetricsReader,
  describeDatabase,
  redisCheck,
  startTelemetry,
  writeFailureReport,
  exposeHealthMetrics,
} from '@prosaas/telemetry';
import { buildApp } from './app.ts';
import { agentCheck } from './checks/agent.ts';
import { baileysCheck } from './checks/baileys.ts';
import { logChanges } from './checks/log-changes.ts';
import { customersCheck } from './checks/customers.ts';
import { apiDatabaseCheck, schemaChecks } from './checks/database.ts';
import { findFailedWrites } from './checks/failed-writes.ts';
import { recordCheckHistory } from './checks/history.ts';
import { queuesCheck } from './checks/queues.ts';
import { type SessionCounts, sessionsCheck } from './checks/sessions.ts';
import { workersCheck } from './checks/workers.ts';
import { CompletionRates } from './completion-rates.ts';
import type { ApiConfig } from './config.ts';
import { startStatsPublisher } from './stats-publisher.ts';
import { queryRedisForResponse } from './redis-query.ts';
import { ConsoleStreams } from './console/console-streams.ts';
import { ReplicaView } from './replica-view.ts';
import { startAgentProfile } from './learning/agent-profile.ts';
import { describeReplicas } from './replicas.ts';
import { readRunbook } from './runbook.ts';
import { servingDatabase } from './serving-database.ts';
import { startUp } from './start-up.ts';
import { WarmUp } from './warm-up.ts';

/** The command that prints the generated keys: `npm start` runs from the sources, an image from a bundle. */
const readKeysCommand = import.meta.url.endsWith('.ts')
  ? 'npm run keys'
  : 'docker compose exec api prosaas-keys';

/** Listens at once. Migrates the database and claims the Redis namespace in the background, as soon as they are reachable. */
export async function startApi(
  config: ApiConfig,
  { identity, log }: ServiceContext,
): Promise<RunningService & { url: string }> {
  await using opening = new AsyncDisposableStack();
  const keys = keyspace(config.REDIS_NAMESPACE);
  const address = redisAddress(config);

  const telemetry = opening.use(startTelemetry({ config, identity, log }));
  const pool = createDatabase({ url: config.DATABASE_URL, applicationName: identity.instance, log });
  telemetry.registerReplica({ report: () => writeFailureReport(pool) });
  const db = opening.use(servingDatabase(pool, log));
  const probe = opening.use(createDatabaseProbe({ url: config.DATABASE_URL, log }));
  const openRedis = (name: string): ReturnType<typeof createRedis> => {
    const redis = createRedis({ ...address, name, role: 'commands', log });
    opening.defer(() => closeRedis(redis));
    return redis;
  };
  const redis = openRedis('api');
  // A separate connection: a check that waits for a hung Redis must not delay the commands of requests.
  const probeRedis = openRedis('api:health');
  const keyRing = opening.use(
    startKeyRing(pool, config, { log, generation: { readCommand: readKeysCommand } }),
  );
  const jobs = opening.use(openJobReader({ redis, bullPrefix: keys.bullPrefix }));
  const relay = opening.use(createRelay({ redis, bullPrefix: keys.bullPrefix, log }));
  const control = opening.use(
    openQueueControl({
      db,
      relay,
      redis,
      bullPrefix: keys.bullPrefix,
      onHandOver: (count) => telemetry.metrics.counter('handovers', { reason: 'failure' }).add(count),
    }),
  );
  const metricsRedis = openRedis('api:metrics');
  let sessions: SessionCounts | undefined;
  opening.use(
    startStatsPublisher({ db: pool, redis: metricsRedis, keyspace: keys, sessions: () => sessions }),
  );
  const metricsOutage = outageLog(log, {
    waiting: 'metrics cannot be read from Redis',
    begins: 'metrics cannot be read from Redis',
    ends: 'metrics are read from Redis again',
  });
  const metrics = opening.use(
    createSystemMetricsReader({
      redis: metricsRedis,
      keyspace: keys,
      // Not logged while Redis is away: the Redis client logs that outage.
      onError: (error) => metricsOutage.failed(error),
    }),
  );
  metrics.onSuccess = () => metricsOutage.worked();
  redisReady(metricsRedis).then(
    () => metrics.start(),
    () => {},
  );

  const replicas = { redis: probeRedis, keyPrefix: keys.key('replicas') };
  const replicaView = new ReplicaView(() => listReplicas(replicas));
  const warmUp = new WarmUp({
    replicas: () => replicaView.read(),
    requestWarmUp: () => notifyReplicas({ ...replicas, topic: 'warmup' }),
    log,
  });

  const health = opening.use(new HealthRegistry());
  const queriedRedis = { redis: probeRedis, address: describeRedis(config.REDIS_URL) };
  const rates = new CompletionRates();
  const checks = [
    apiDatabaseCheck({
      probe,
      pool: db,
      failedWrites: () => findFailedWrites(replicaView.last()),
      address: describeDatabase(config.DATABASE_URL),
    }),
    ...schemaChecks({ probe }),
    baileysCheck({ url: config.BAILEYS_URL }),
    redisCheck({ ...queriedRedis, key: keys.key('stack') }),
    workersCheck({
      ...queriedRedis,
      heartbeatKey: keys.heartbeat,
      expected: config.WORKERS_EXPECTED,
      failedWrites: () => findFailedWrites(replicaView.last(), (service) => service === 'worker'),
    }),
    queuesCheck({
      ...queriedRedis,
      db: pool,
      readTotals: async () => {
        const totals = await readQueueTotals(probeRedis, keys.bullPrefix);
        rates.add(totals);
        return totals;
      },
      heartbeatKey: keys.heartbeat,
      deadLetterLimits: deadLetterLimits(config),
    }),
    sessionsCheck({ url: config.BAILEYS_URL, keyRing, onCounted: (counts) => (sessions = counts) }),
    customersCheck({ db: pool }),
    agentCheck({ ...queriedRedis, replicas: () => replicaView.read() }),
  ];
  for (const check of checks) health.register(check);
  exposeHealthMetrics(telemetry.metrics, identity, health);
  opening.use(logChanges(health, log));
  const checkHistory = opening.use(recordCheckHistory(health));
  health.start();

  const profile = opening.use(startAgentProfile({ path: config.PROFILE_PATH, db: pool, log }));
  const streams = new ConsoleStreams();
  const app = buildApp({
    log,
    build: buildInfo(config),
    db,
    keyRing,
    health,
    readyzRequires: config.READYZ_REQUIRE,
    metrics,
    registry: telemetry.metrics,
    jobs,
    relay,
    control,
    readTotals: async () => {
      try {
        return await readQueueTotals(redis, keys.bullPrefix);
      } catch (cause) {
        throw new QueuesUnavailable('Redis is not reachable', { cause });
      }
    },
    rates,
    deadLetterDays: config.RETENTION_DEAD_LETTER_DAYS,
    warmUp,
    baileys: { url: config.BAILEYS_URL, self: identity.instance },
    checkHistory,
    runbook: readRunbook(),
    readReplicas: () =>
      queryRedisForResponse(queriedRedis, async () => {
        const beats = readHeartbeats({ redis: probeRedis, key: keys.heartbeat });
        const [all, heartbeats] = await Promise.all([listReplicas(replicas), beats]);
        return describeReplicas(all, heartbeats);
      }),
    readLevels: (services) =>
      queryRedisForResponse(queriedRedis, () =>
        Promise.all(services.map((service) => readServiceSetting({ ...replicas, service }))),
      ),
    setLevel: (service, setting) =>
      queryRedisForResponse(queriedRedis, () => setServiceSetting({ ...replicas, service, setting })),
    consoleFolder,
    streams,
    profile,
  });
  opening.defer(() => app.close());
  const url = await app.listen({ host: config.HOST, port: config.API_PORT });

  const stopping = new AbortController();
  void warnOfRedisRisks({ redis, key: keys.key('stack'), log, signal: stopping.signal });
  // Two stacks in one Redis namespace are a configuration fault: the service ends.
  const started = endOnFailure(
    startUp({
      databaseUrl: config.DATABASE_URL,
      db: pool,
      redis,
      keyspace: keys,
      log,
      signal: stopping.signal,
    }),
    stopping.signal,
  );
  opening.defer(async () => {
    stopping.abort();
    await started;
  });
  const open = opening.move();
  return {
    url,
    drain() {
      telemetry.drain();
      health.drain();
      // Callers of /warmup must not keep the listener from closing.
      warmUp[Symbol.dispose]();
      streams.end();
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
