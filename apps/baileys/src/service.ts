import {
  checkStack,
  createDatabase,
  createDatabaseProbe,
  migrationStatus,
  startKeyRing,
  databasePreparationLog,
} from '@prosaas/database';
import { HealthRegistry } from '@prosaas/observability';
import { type Relay, createRelay } from '@prosaas/queues';
import {
  type RunningService,
  type ServiceContext,
  buildInfo,
  closeRedis,
  createRedis,
  describeRedis,
  endOnFailure,
  keyspace,
  redisAddress,
  retryForever,
} from '@prosaas/runtime';
import {
  bindStageMetrics,
  describeDatabase,
  startTelemetry,
  writeFailureReport,
  exposeHealthMetrics,
} from '@prosaas/telemetry';
import type { AddressInfo } from 'node:net';
import { buildApp } from './app.ts';
import { baileysChecks, sessionFacts } from './checks.ts';
import { type BaileysConfig, advertisedUrl } from './config.ts';
import type { ClientOverrides } from './connection.ts';
import { Owners } from './owners.ts';
import { startSendRetention } from './send-retention.ts';
import { RESEND_SCHEDULE, type ResendSchedule, Resender } from './resender.ts';
import { RESTRICTION_REASONS } from './restriction.ts';
import { Sender } from './sender.ts';
import { SessionChangeLog } from './session-change-log.ts';
import { Session, type SessionContext } from './session.ts';
import { SessionManager } from './session-manager.ts';
import { UnstoredMonitor } from './unstored-monitor.ts';

/** Overrides for tests. */
export interface BaileysOverrides {
  leaseMs?: number;
  reconcileEveryMs?: number;
  ackTimeoutMs?: number;
  stallLimitMs?: number;
  qrMs?: number;
  unstoredEveryMs?: number;
  resendSchedule?: ResendSchedule;
  client?: ClientOverrides;
}

/** The sessions of a replica that died are taken over after this time. */
const LEASE_MS = 10_000;
const RECONCILE_EVERY_MS = 2000;
const ACK_TIMEOUT_MS = 20_000;
const STALL_LIMIT_MS = 20_000;
/** A session uses one at a time for inbound messages. Several replicas share a server that accepts 100. */
const DATABASE_CONNECTIONS = 10;

/** Listens at once. Takes sessions as soon as the database is migrated and Redis answers. */
export async function startBaileys(
  config: BaileysConfig,
  { identity, log }: ServiceContext,
  {
    leaseMs = LEASE_MS,
    reconcileEveryMs = RECONCILE_EVERY_MS,
    ackTimeoutMs = ACK_TIMEOUT_MS,
    stallLimitMs = STALL_LIMIT_MS,
    qrMs,
    unstoredEveryMs,
    resendSchedule = RESEND_SCHEDULE,
    client = {},
  }: BaileysOverrides = {},
): Promise<RunningService & { url: string }> {
  await using opening = new AsyncDisposableStack();
  const keys = keyspace(config.REDIS_NAMESPACE);
  const stopping = new AbortController();
  const closed = new AbortController();
  opening.defer(() => closed.abort());

  const telemetry = opening.use(startTelemetry({ config, identity, log }));
  const db = opening.use(
    createDatabase({
      url: config.DATABASE_URL,
      size: DATABASE_CONNECTIONS,
      applicationName: identity.instance,
      log,
    }),
  );
  const probe = opening.use(createDatabaseProbe({ url: config.DATABASE_URL, log }));
  const openRedis = (name: string): ReturnType<typeof createRedis> =>
    opening.adopt(createRedis({ ...redisAddress(config), name, role: 'commands', log }), closeRedis);
  const redis = openRedis('baileys');
  const keyRing = opening.use(startKeyRing(db, config, { log }));
  opening.use(startSendRetention({ db, log }));

  const count = {
    inbound: telemetry.metrics.counter('whatsapp_inbound_messages'),
    outbound: telemetry.metrics.counter('whatsapp_outbound_messages'),
    error: telemetry.metrics.counter('whatsapp_errors'),
  };
  const countUnstored = (
    event: 'quarantined' | 'pending' | 'expired' | 'retried',
    messages: number = 1,
  ): void => telemetry.metrics.counter('whatsapp_unstored_messages', { event }).add(messages);
  const stage = bindStageMetrics(telemetry.metrics, ['stored', 'send_begun', 'acknowledged']);
  const sender = new Sender({
    db,
    log,
    signal: closed.signal,
    ackTimeoutMs,
    onSent: () => count.outbound.add(),
    onStage: stage,
    onError: () => count.error.add(),
  });
  const resender = new Resender({
    db,
    log,
    schedule: resendSchedule,
    ackTimeoutMs,
    onUndelivered: () => count.error.add(),
  });
  // Created once `checkStack` has confirmed that this Redis belongs to the stack.
  let relay: Relay | undefined;
  const sessionContext: SessionContext = {
    db,
    log,
    network: { url: config.WHATSAPP_WS_URL, version: config.WHATSAPP_VERSION, qrMs },
    client,
    stallLimitMs,
    sender,
    resender,
    counters: {
      inbound: () => count.inbound.add(),
      stored: (ms) => stage('stored', ms),
      error: () => count.error.add(),
      unstored: countUnstored,
    },
    enqueue: (released) => relay?.enqueue([released]),
    onStatus(session) {
      manager.publish(session);
      changes.note(session);
    },
  };
  const changes = opening.use(new SessionChangeLog({ db, log }));
  const self = { instance: identity.instance, url: '' };
  const owners = new Owners({ redis, keys, self, leaseMs });
  const manager = new SessionManager({
    db,
    owners,
    log,
    everyMs: reconcileEveryMs,
    makeSession(session) {
      const made = new Session(session, sessionContext);
      changes.note(made);
      return made;
    },
  });

  const unstored = opening.use(
    new UnstoredMonitor({
      db,
      log,
      everyMs: unstoredEveryMs,
      onExpired(messages) {
        count.error.add(messages);
        countUnstored('expired', messages);
      },
    }),
  );
  let hasTried = false;
  const health = opening.use(new HealthRegistry());
  const checks = baileysChecks({
    database: {
      probe,
      writeFailures: db.writeFailures,
      address: describeDatabase(config.DATABASE_URL),
    },
    redis: {
      redis: openRedis('baileys:health'),
      address: describeRedis(config.REDIS_URL),
      key: keys.key('stack'),
    },
    manager,
    unstored,
    started: () => hasTried || manager.hasReconciled,
  });
  for (const check of checks) health.register(check);
  exposeHealthMetrics(telemetry.metrics, identity, health);
  health.start();
  const app = buildApp({
    log,
    build: buildInfo(config),
    db,
    keyRing,
    health,
    metrics: telemetry.metrics,
    manager,
    owners,
    sender,
    onRetried: (released) => {
      count.inbound.add();
      countUnstored('retried');
      relay?.enqueue([released]);
    },
  });
  opening.defer(() => app.close());
  const url = await app.listen({ host: config.HOST, port: config.BAILEYS_PORT });
  self.url = advertisedUrl(config, (app.server.address() as AddressInfo).port);
  log.debug({ url, advertised: self.url }, 'other replicas reach this one');
  const restricted = RESTRICTION_REASONS.map((reason) => ({
    reason,
    gauge: telemetry.metrics.gauge('whatsapp_restricted_sessions', { reason }),
  }));
  telemetry.metrics.onCollect(() => {
    const restrictions = manager.statuses().flatMap(({ status }) => status.restrictions);
    for (const { reason, gauge } of restricted)
      gauge.set(restrictions.filter((restriction) => restriction.reason === reason).length);
  });
  telemetry.registerReplica({ report: () => ({ ...sessionFacts(manager), ...writeFailureReport(db) }) });

  /** Rejects with `StackConflict` only, which ends the service. */
  const startSessions = async (): Promise<void> => {
    await retryForever(
      async () => {
        const { pending } = await migrationStatus(db);
        if (pending.length > 0) throw new Error(`migrations are pending: ${pending.join(', ')}`);
        await checkStack(db, redis, keys.key('stack'));
      },
      {
        signal: stopping.signal,
        baseMs: 200,
        maxMs: 2000,
        onError: (error) => {
          hasTried = true;
          if (error instanceof Error && error.name === 'StackConflict') throw error;
        },
        outage: databasePreparationLog(log),
      },
    );
    relay = running.use(createRelay({ redis, bullPrefix: keys.bullPrefix, log }));
    running.use(manager);
    manager.start();
  };
  const running = opening.use(new AsyncDisposableStack());
  const started = endOnFailure(startSessions(), stopping.signal);

  const everything = opening.move();
  return {
    url,
    drain() {
      telemetry.drain();
      health.drain();
      manager.drain();
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await started;
      // Sockets close before the relay, which enqueues the jobs of what they receive.
      await running.disposeAsync();
      await everything.disposeAsync();
    },
  };
}
