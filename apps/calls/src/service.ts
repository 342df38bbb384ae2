import {
  type Profile,
  agentReport,
  createAgent,
  createVoice,
  fixedProfile,
  modelSettings,
  profileReport,
  startProfile,
} from '@prosaas/agentkit';
import { createDatabase, createDatabaseProbe, startKeyRing } from '@prosaas/database';
import { SlotPool } from '@prosaas/leases';
import { HealthRegistry } from '@prosaas/observability';
import {
  type RunningService,
  type ServiceContext,
  buildInfo,
  closeRedis,
  createRedis,
  describeRedis,
  keyspace,
  redisAddress,
} from '@prosaas/runtime';
import {
  describeDatabase,
  startTelemetry,
  writeFailureReport,
  bindAgentMetrics,
  exposeHealthMetrics,
} from '@prosaas/telemetry';
import type { Redis } from 'ioredis';
import { buildApp } from './app.ts';
import { CallCloser } from './call-closer.ts';
import { CallStore } from './call-store.ts';
import { callsChecks } from './checks.ts';
import type { CallsConfig } from './config.ts';
import { startRecordingRecovery } from './recording-recovery.ts';
import { LiveCalls } from './live-calls.ts';
import { createStreamAcceptor } from './media/stream-acceptor.ts';
import { startCallRecovery } from './call-recovery.ts';
import { callPhrases } from './phrases.ts';
import { ProviderApi } from './provider-api.ts';
import { providerGuard } from './provider-signature.ts';
import { publicUrlProblem } from './public-url.ts';
import { mediaStreamPath } from './routes/media-stream.ts';
import { streamStatusPath } from './routes/stream-status.ts';
import { startStackCheck } from './stack-check.ts';
import { StreamTokens } from './stream-tokens.ts';
import { type CallTimings, callTimings } from './timings.ts';
import { ProviderEnds } from './provider-ends.ts';
import { WebhookRefusals } from './webhook-refusals.ts';

export interface CallsOverrides {
  timings?: Partial<CallTimings>;
  profile?: Profile;
}

export interface RunningCalls extends RunningService {
  url: string;
}

const DATABASE_CONNECTIONS = 4;

/** Starts listening at once. Waits for Redis, PostgreSQL and the voice in the background; health shows what is missing. */
export async function startCalls(
  config: CallsConfig,
  { identity, log }: ServiceContext,
  overrides: CallsOverrides = {},
): Promise<RunningCalls> {
  await using opening = new AsyncDisposableStack();
  const timings = { ...callTimings, ...overrides.timings };
  const { key } = keyspace(config.REDIS_NAMESPACE);
  const address = redisAddress(config);
  const openRedis = (name: string): Redis =>
    opening.adopt(createRedis({ ...address, name, role: 'commands', log }), closeRedis);

  const database = { url: config.DATABASE_URL, applicationName: identity.instance, log };
  const db = opening.use(createDatabase({ ...database, size: DATABASE_CONNECTIONS }));
  const keyRing = opening.use(startKeyRing(db, config, { log }));
  const redis = openRedis('calls');
  opening.use(startStackCheck({ db, redis, key: key('stack'), log }));
  const telemetry = opening.use(startTelemetry({ config, identity, log }));

  const voice = opening.use(createVoice());
  const store = opening.use(
    overrides.profile
      ? fixedProfile(overrides.profile)
      : await startProfile({ path: config.PROFILE_PATH, log, onChange: () => void phrases.prepare() }),
  );
  const profile = store.current;
  const { onModelCall } = bindAgentMetrics(telemetry.metrics);
  const settings = modelSettings(config);
  const model = settings && { ...settings, circuit: { openMs: timings.modelRestMs } };
  const agent = opening.use(createAgent({ profile, model, log, onModelCall }));
  const phrases = callPhrases(profile, voice, log);
  const warmUp = (): void => {
    Promise.all([agent.load(), voice.load().then(phrases.prepare)]).then(
      () => log.info('the agent and the voice are loaded'),
      (error: unknown) => {
        // A shutdown during loading is not an error.
        if (!health.draining) log.error({ err: error }, 'the agent or the voice could not be loaded');
      },
    );
  };
  telemetry.registerReplica({
    report: () => ({ ...agentReport(agent, voice), ...profileReport(store), ...writeFailureReport(db) }),
    on: { warmup: warmUp },
  });

  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_API_URL: apiUrl, TWILIO_AUTH_TOKEN: authToken } = config;
  const providerApi =
    accountSid === undefined || authToken === undefined
      ? undefined
      : opening.use(new ProviderApi({ url: apiUrl, accountSid, authToken, log }));
  const slotsKey = key('calls');
  const slots = new SlotPool({
    redis,
    keyPrefix: slotsKey,
    limit: config.MAX_CONCURRENT_CALLS,
    leaseMs: timings.leaseMs,
  });
  const tokens = new StreamTokens({
    redis,
    key: (callSid) => key('calls', 'stream', callSid),
    secret: authToken,
    lifeMs: timings.tokenLifeMs,
  });
  const callStore = opening.use(new CallStore({ db, log }));
  const closer = opening.use(
    new CallCloser({
      slots,
      leaseMs: timings.leaseMs,
      sweepEveryMs: timings.sweepEveryMs,
      hasStreamed: (callSid) => tokens.wasRedeemed(callSid),
      isLive: (callSid) => live.has(callSid),
      providerEnds: new ProviderEnds({ redis, key: (callSid) => key('calls', 'told', callSid) }),
      onEnd: (callSid, end, providerKnows) => {
        callStore.recordEvent(callSid, { type: 'ended', ...end });
        if (end.outcome === 'error' && !providerKnows) providerApi?.hangUp(callSid);
      },
      log,
    }),
  );
  const { maxCallMs, callRecoveryEveryMs: everyMs } = timings;
  opening.use(startCallRecovery({ db, slots, callStore, maxCallMs, everyMs, log }));
  const { recordingRecoveryAfterMs, recordingRecoveryEveryMs } = timings;
  opening.use(
    startRecordingRecovery({
      db,
      slots,
      afterMs: recordingRecoveryAfterMs,
      everyMs: recordingRecoveryEveryMs,
      log,
    }),
  );
  const live = new LiveCalls({ slots, closer, callStore, say: phrases.say, timings, log });

  const urlProblem = authToken === undefined ? undefined : publicUrlProblem(config);
  if (urlProblem)
    log.warn(
      { public_url: config.PUBLIC_URL, reason: urlProblem },
      'calls will fail: the provider cannot reach PUBLIC_URL, which must be a public https address',
    );
  const refusals = new WebhookRefusals({
    count: (reason) => telemetry.metrics.counter('call_webhooks_refused', { reason }).add(),
    log,
  });
  if (authToken === undefined) log.info('phone calls are not accepted: TWILIO_AUTH_TOKEN is not set');
  const acceptStream = createStreamAcceptor({
    isValidToken: (callSid, token) => tokens.isValidToken(callSid, token),
    redeem: async (callSid) => (await tokens.redeem(callSid)) && (await slots.renew(callSid)) === 'held',
    onStream: (callSid, stream) => live.start(callSid, stream),
    handshakeMs: timings.handshakeMs,
    frameMs: timings.frameMs,
    mediaGapMs: timings.mediaGapMs,
    maxUnauthenticated: 50 + 2 * config.MAX_CONCURRENT_CALLS,
    log,
  });

  const health = opening.use(new HealthRegistry());
  const healthRedis = openRedis('calls:health');
  const checks = callsChecks({
    redis: { redis: healthRedis, address: describeRedis(config.REDIS_URL), key: key('stack') },
    serving: redis,
    slotsKey,
    database: {
      probe: opening.use(createDatabaseProbe({ url: config.DATABASE_URL, log })),
      writeFailures: db.writeFailures,
      address: describeDatabase(config.DATABASE_URL),
    },
    agent,
    profile: store,
    voice,
    phrases,
    providerProblem: () =>
      authToken === undefined ? 'auth_token_missing' : (urlProblem ?? refusals.signatureProblem),
  });
  for (const check of checks) health.register(check);
  exposeHealthMetrics(telemetry.metrics, identity, health);
  health.start();

  const publicUrl = config.PUBLIC_URL.replace(/\/+$/, '');
  const app = await buildApp({
    log,
    build: buildInfo(config),
    keyRing,
    health,
    metrics: telemetry.metrics,
    guard: providerGuard(authToken, publicUrl, refusals),
    slots,
    closer,
    tokens,
    callStore,
    live,
    acceptStream,
    stream: {
      url: `${publicUrl.replace(/^http/, 'ws')}${mediaStreamPath}`,
      statusCallback: `${publicUrl}${streamStatusPath}`,
    },
    draining: () => health.draining,
  });
  opening.defer(() => app.close());
  opening.defer(() => live.drain());
  const url = await app.listen({ host: config.HOST, port: config.CALLS_PORT });
  warmUp();

  const open = opening.move();
  return {
    url,
    drain() {
      telemetry.drain();
      health.drain();
    },
    [Symbol.asyncDispose]: async () => {
      health.drain();
      await open.disposeAsync();
    },
  };
}
