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
import { CallEnds } from './call-ends.ts';
import { CallJournal } from './call-journal.ts';
import { callsChecks } from './checks.ts';
import type { CallsConfig } from './config.ts';
import { watchCutOffMessages } from './cut-off-messages.ts';
import { LiveCalls } from './live-calls.ts';
import { createStreamDoor } from './media/stream-door.ts';
import { watchOpenCalls } from './open-calls.ts';
import { callPhrases } from './phrases.ts';
import { ProviderApi } from './provider-api.ts';
import { providerGuard } from './provider-signature.ts';
import { publicUrlTrouble } from './public-url.ts';
import { mediaStreamPath } from './routes/media-stream.ts';
import { streamStatusPath } from './routes/stream-status.ts';
import { startStackCheck } from './stack-check.ts';
import { StreamTokens } from './stream-tokens.ts';
import { type CallTimings, callTimings } from './timings.ts';
import { ToldEnds } from './told-ends.ts';
import { WebhookRefusals } from './webhook-refusals.ts';

export interface CallsOverrides {
  timings?: Partial<CallTimings>;
  profile?: Profile;
}

export interface RunningCalls extends RunningService {
  url: string;
}

const databaseConnections = 4;

/** Listens first; whatever is away (Redis, PostgreSQL, the voice) is waited for in the background and shown in health. */
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
  const db = opening.use(createDatabase({ ...database, size: databaseConnections }));
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
        // One that is shut down while it loads is no fault.
        if (!health.draining) log.error({ err: error }, 'the agent or the voice could not be loaded');
      },
    );
  };
  telemetry.announce({
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
  const journal = opening.use(new CallJournal({ db, log }));
  const ends = opening.use(
    new CallEnds({
      slots,
      leaseMs: timings.leaseMs,
      sweepEveryMs: timings.sweepEveryMs,
      hasStreamed: (callSid) => tokens.wasRedeemed(callSid),
      isLive: (callSid) => live.has(callSid),
      told: new ToldEnds({ redis, key: (callSid) => key('calls', 'told', callSid) }),
      onEnd: (callSid, end, isKnown) => {
        journal.event(callSid, { type: 'ended', ...end });
        if (end.outcome === 'error' && !isKnown) providerApi?.hangUp(callSid);
      },
      log,
    }),
  );
  const { maxCallMs, openCallsEveryMs: everyMs } = timings;
  opening.use(watchOpenCalls({ db, slots, journal, maxCallMs, everyMs, log }));
  const { cutOffAfterMs, cutOffEveryMs } = timings;
  opening.use(watchCutOffMessages({ db, slots, afterMs: cutOffAfterMs, everyMs: cutOffEveryMs, log }));
  const live = new LiveCalls({ slots, ends, journal, say: phrases.say, timings, log });

  const urlTrouble = authToken === undefined ? undefined : publicUrlTrouble(config);
  if (urlTrouble)
    log.warn(
      { public_url: config.PUBLIC_URL, reason: urlTrouble },
      'calls will fail: the provider cannot reach PUBLIC_URL, which must be a public https address',
    );
  const refusals = new WebhookRefusals({
    count: (reason) => telemetry.metrics.counter('call_webhooks_refused', { reason }).add(),
    log,
  });
  if (authToken === undefined) log.info('phone calls are not taken: TWILIO_AUTH_TOKEN is not set');
  const door = createStreamDoor({
    isGenuine: (callSid, token) => tokens.isGenuine(callSid, token),
    redeem: async (callSid) => (await tokens.redeem(callSid)) && (await slots.renew(callSid)) === 'held',
    onStream: (callSid, stream) => live.start(callSid, stream),
    introductionMs: timings.introductionMs,
    frameMs: timings.frameMs,
    mediaGapMs: timings.mediaGapMs,
    maxStrangers: 50 + 2 * config.MAX_CONCURRENT_CALLS,
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
    providerTrouble: () =>
      authToken === undefined ? 'auth_token_missing' : (urlTrouble ?? refusals.signatureTrouble),
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
    ends,
    tokens,
    journal,
    live,
    door,
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
