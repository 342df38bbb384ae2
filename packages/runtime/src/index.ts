export { AppError, type AppErrorOptions } from './app-error.ts';
export { type BackoffOptions, type RetryOptions, backoff, retryForever } from './backoff.ts';
export { type BuildConfig, type BuildInfo, buildInfo } from './build-info.ts';
export {
  CommonConfig,
  type CommonFields,
  KeysConfig,
  type KeysFields,
  MIN_KEY_LENGTH,
} from './common-config.ts';
export { ConfigError, type Environment, loadConfig } from './config.ts';
export { endOnFailure } from './end-on-failure.ts';
export {
  Choice,
  type Field,
  Flag,
  type OptionalField,
  OptionalParsed,
  OptionalText,
  OptionalUrl,
  Parsed,
  Port,
  Seconds,
  Secret,
  SecretUrl,
  Text,
  UrlText,
  Integer,
} from './config-fields.ts';
export { cutText } from './cut-text.ts';
export { captureConsole } from './console-capture.ts';
export { type Identity, type ServiceName, identify } from './identity.ts';
export type { KeyHolder, KeyHolders, KeyRing, Keys } from './keys.ts';
export { type Keyspace, keyspace } from './keyspace.ts';
export { type LogLevel, logLevelName, logLevelNames, parseLogLevel } from './log-level.ts';
export { type Logger, type LoggerOptions, createLogger, setLogLevel } from './logger.ts';
export { maskPhone } from './mask-phone.ts';
export {
  type RedisAddress,
  type RedisClientOptions,
  type RedisRole,
  closeRedis,
  createRedis,
  reconnectRedis,
  redisAddress,
  redisReady,
  redisTime,
} from './redis.ts';
export { describeRedis } from './redis-address.ts';
export {
  type RedisRisk,
  type RedisSettings,
  readRedisSettings,
  findRedisFaults,
  findRedisRisks,
  probeRedisWrite,
  warnOfRedisRisks,
} from './redis-settings.ts';
export { type RunningService, type ServiceContext, runService } from './service.ts';
export { errorReason } from './error-reason.ts';
export { type OutageTexts, OutageLog, outageLog, outageTimes } from './outage-log.ts';
