import { type App, ValidationFailed } from '@prosaas/http';
import type { ServiceSetting } from '@prosaas/observability';
import { type LogLevel, logLevelName, logLevelNames, parseLogLevel } from '@prosaas/runtime';
import { type Static, Type } from 'typebox';
import { NotFound } from '../errors.ts';
import { type ReplicaInfo, displayLogLevel } from '../replicas.ts';
import { NullableText, NullableTime, type ResourceContext } from './resource.ts';

const services = ['api', 'baileys', 'calls', 'worker'] as const;
type Service = (typeof services)[number];

const LoggerState = Type.Object({
  /** Null while LOG_LEVEL applies. */
  configuredLevel: NullableText,
  /** The level in force; null if LOG_LEVEL applies and no replica reports its value. */
  effectiveLevel: NullableText,
  /** When the configured level expires and LOG_LEVEL applies again. */
  until: NullableTime,
  replicas: Type.Array(
    Type.Object({
      instance: Type.String(),
      state: Type.String(),
      level: NullableText,
      /** Whether the replica logs at the effective level. */
      applied: Type.Boolean(),
    }),
  ),
});
const Loggers = Type.Object({
  levels: Type.Array(Type.String()),
  loggers: Type.Record(Type.String(), LoggerState),
});
const Name = Type.Object({ service: Type.String() });
const Change = Type.Object(
  {
    configuredLevel: Type.Union([Type.String({ maxLength: 20 }), Type.Null()]),
    minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 1440 })),
  },
  { additionalProperties: false },
);
const DEFAULT_MINUTES = 30;

export interface LoggersContext extends Pick<ResourceContext, 'operator' | 'admin'> {
  /** These three throw `RedisUnavailable`. */
  readReplicas: () => Promise<ReplicaInfo[]>;
  readLevels: (services: readonly Service[]) => Promise<(ServiceSetting | undefined)[]>;
  setLevel: (service: Service, setting: ServiceSetting | null) => Promise<void>;
}

/** The log level of each service, for all its replicas, in the form of Spring Actuator's loggers. */
export function loggerRoutes(
  app: App,
  { operator, admin, readReplicas, readLevels, setLevel }: LoggersContext,
): void {
  const read = async (wanted: readonly Service[]): Promise<Static<typeof LoggerState>[]> => {
    const [replicas, levels] = await Promise.all([readReplicas(), readLevels(wanted)]);
    return wanted.map((service, index) => stateOf(replicas, service, levels[index]));
  };

  app.get('/api/loggers', { onRequest: operator, schema: { response: { 200: Loggers } } }, async () => {
    const states = await read(services);
    return {
      levels: [...logLevelNames],
      loggers: Object.fromEntries(services.map((service, index) => [service, states[index]!])),
    };
  });

  app.get(
    '/api/loggers/:service',
    { onRequest: operator, schema: { params: Name, response: { 200: LoggerState } } },
    async (request) => (await read([serviceOf(request.params)]))[0]!,
  );

  app.post(
    '/api/loggers/:service',
    { onRequest: admin, schema: { params: Name, body: Change, response: { 200: LoggerState } } },
    async (request) => {
      const service = serviceOf(request.params);
      const { configuredLevel, minutes = DEFAULT_MINUTES } = request.body;
      const level = configuredLevel === null ? null : requireLevel(configuredLevel);
      request.auditTarget =
        level === null ? `${service}: LOG_LEVEL` : `${service}: ${logLevelName(level)}, ${minutes} min`;
      await setLevel(service, level === null ? null : { value: level, ttlMs: minutes * 60_000 });
      return (await read([service]))[0]!;
    },
  );
}

function serviceOf({ service }: { service: string }): Service {
  const known = services.find((name) => name === service);
  if (known === undefined) throw new NotFound('service');
  return known;
}

function requireLevel(text: string): LogLevel {
  try {
    return parseLogLevel(text);
  } catch (error) {
    throw new ValidationFailed([{ field: 'body.configuredLevel', message: (error as Error).message }]);
  }
}

/** Leaves out lost replicas. */
function stateOf(
  all: readonly ReplicaInfo[],
  service: Service,
  setting: ServiceSetting | undefined,
): Static<typeof LoggerState> {
  const replicas = all
    .filter((replica) => replica.service === service && replica.state !== 'lost')
    .map(({ instance, state, facts }) => ({
      instance,
      state,
      level: facts && displayLogLevel(facts.log_level),
    }));
  const configuredLevel = setting === undefined ? null : displayLogLevel(setting.value);
  // Replicas may have different LOG_LEVELs: the most verbose one is shown.
  const effectiveLevel =
    configuredLevel ?? logLevelNames.find((name) => replicas.some(({ level }) => level === name)) ?? null;
  return {
    configuredLevel,
    effectiveLevel,
    until: setting === undefined ? null : new Date(Date.now() + setting.ttlMs),
    replicas: replicas.map((replica) => ({ ...replica, applied: replica.level === effectiveLevel })),
  };
}
