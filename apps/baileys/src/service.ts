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
import { restrictionReasons } from './restriction.ts';
import { Sender } from './sender.ts';
import { SessionChangeLog } from './session-change-log.ts';
import { Session, type SessionContext } from './session.ts';
import { SessionManager } from './session-manager.ts';
import { UnstoredKeeper } from './unstored-keeper.ts';

/** What tests set otherwise. */
export interface BaileysOverrides {
  leaseMs?: number;
  lookEveryMs?: number;
  ackTimeoutMs?: number;
  stallLimitMs?: number;
  qrMs?: number;
  unstoredEveryMs?: number;
  resendSchedule?: ResendSchedule;
  client?: ClientOverrides;
}

/** A replica that dies is replaced after this long. */
const LEASE_MS = 10_000;
const LOOK_EVERY_MS = 2000;
const ACK_TIMEOUT_MS = 20_000;
const STALL_LIMIT_MS = 20_000;
/** A session needs one at a time for what comes in; several replicas share a server of 100. */
const DATABASE_CONNECTIONS = 10;

/** Listens first; sessions are taken as soon as the database is migrated and Redis answers. */
export async function startBaileys(
  config: BaileysConfig,
  { identity, log }: ServiceContext,
  {
    leaseMs = LEASE_MS,
    lookEveryMs = LOOK_EVERY_MS,
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
  // Not before the Redis is known to be this stack's.
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
    everyMs: lookEveryMs,
    makeSession(session) {
      const made = new Session(session, sessionContext);
      changes.note(made);
      return made;
    },
  });

  const unstored = opening.use(
    new UnstoredKeeper({
      db,
      log,
      everyMs: unstoredEveryMs,
      onExpired(messages) {
        count.error.add(messages);
        countUnstored('expired', messages);
      },
    }),
  );
  let tried = false;
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
    started: () => tried || manager.looked,
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
  const restricted = restrictionReasons.map((reason) => ({
    reason,
    gauge: telemetry.metrics.gauge('whatsapp_restricted_sessions', { reason }),
  }));
  telemetry.metrics.onCollect(() => {
    const found = manager.statuses().flatMap(({ status }) => status.restrictions);
    for (const { reason, gauge } of restricted)
      gauge.set(found.filter((one) => one.reason === reason).length);
  });
  telemetry.announce({ report: () => ({ ...sessionFacts(manager), ...writeFailureReport(db) }) });

  /** Rejects with `StackConflict` alone, which nobody handles: it ends the service. */
  const begin = async (): Promise<void> => {
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
          tried = true;
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
  const begun = endOnFailure(begin(), stopping.signal);

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
      await begun;
      // Sockets close before the relay, which still enqueues what they receive.
      await running.disposeAsync();
      await everything.disposeAsync();
    },
  };
}
