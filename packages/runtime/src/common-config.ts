import { type TObject, Type } from 'typebox';
import {
  type Field,
  Flag,
  type OptionalField,
  OptionalText,
  Parsed,
  Seconds,
  Secret,
  SecretText,
  SecretUrl,
  Text,
  Integer,
} from './config-fields.ts';
import { defaultNamespace } from './keyspace.ts';
import { type LogLevel, parseLogLevel } from './log-level.ts';
import { parseRedisUrl } from './redis-address.ts';

export type CommonFields = {
  LOG_LEVEL: Field<LogLevel>;
  LOG_PRETTY: Field<boolean>;
  REDIS_URL: Field<string>;
  REDIS_USERNAME: OptionalField<string>;
  REDIS_PASSWORD: OptionalField<string>;
  REDIS_NAMESPACE: Field<string>;
  DATABASE_URL: Field<string>;
  BUILD_NUMBER: Field<number>;
  GIT_COMMIT: Field<string>;
  BUILT_AT: OptionalField<string>;
  DRAIN_SECONDS: Field<number>;
};

/** Settings that every service reads. Compose it: `Type.Object({ ...CommonConfig.properties, API_PORT: Port(5000, '...') })`. */
export const CommonConfig: TObject<CommonFields> = Type.Object({
  LOG_LEVEL: Parsed('INFO', 'DEBUG, INFO, WARNING, ERROR or CRITICAL', parseLogLevel),
  LOG_PRETTY: Flag(false, 'Log lines for people instead of JSON'),
  REDIS_URL: SecretText(
    'redis://localhost:6379/0',
    'Redis: queues, leases, metrics, heartbeats; redis+cluster:// and redis+sentinel:// name several hosts',
    checkRedisUrl,
  ),
  REDIS_USERNAME: OptionalText('User of Redis, where REDIS_URL names none'),
  REDIS_PASSWORD: Secret('Password of Redis, where REDIS_URL has none'),
  REDIS_NAMESPACE: Parsed(
    defaultNamespace,
    'Keeps several stacks on one Redis apart: the hash tag of every key',
    parseNamespace,
  ),
  DATABASE_URL: SecretUrl('postgres://prosaas:prosaas@localhost:5432/prosaas', 'PostgreSQL: records', [
    'postgres',
    'postgresql',
  ]),
  BUILD_NUMBER: Integer(0, 'Shown by /version'),
  GIT_COMMIT: Text('unknown', 'Shown by /version'),
  BUILT_AT: OptionalText('Shown by /version: ISO 8601'),
  DRAIN_SECONDS: Seconds(
    1,
    'How long /readyz says 503 before the service closes: time for a load balancer to see it',
    {
      maximum: 15,
    },
  ),
});

function checkRedisUrl(text: string): string {
  parseRedisUrl(text);
  return text;
}

function parseNamespace(text: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$/.test(text)) return text;
  throw new RangeError('must be 1 to 63 letters, digits, - or _');
}

export type KeysFields = {
  API_KEY: OptionalField<string>;
  ADMIN_KEY: OptionalField<string>;
  METRICS_TOKEN: OptionalField<string>;
  INTERNAL_SECRET: OptionalField<string>;
};

/** Keys that the operator may set. Each unset key is generated at the first start and kept in the database. */
export const KeysConfig: TObject<KeysFields> = Type.Object({
  API_KEY: Secret('Key of the default business (header X-Api-Key); unset: generated', checkKey),
  ADMIN_KEY: Secret("The administrator's key; unset: generated", checkKey),
  METRICS_TOKEN: Secret(
    'Opens /metrics.json; two, separated by a comma, are both valid (rotation); unset: generated',
    checkTokens,
  ),
  INTERNAL_SECRET: Secret('Between the services (header X-Internal-Secret); unset: generated', checkKey),
});

/** Characters. A shorter key could be guessed. */
export const MIN_KEY_LENGTH: number = 16;

function checkKey(text: string): string {
  checkCharacters(text);
  if (text.length >= MIN_KEY_LENGTH) return text;
  throw new RangeError(`must have at least ${MIN_KEY_LENGTH} characters`);
}

function checkCharacters(text: string): void {
  if (!/^[\x21-\x7e]+$/.test(text))
    throw new RangeError('must be printable ASCII without spaces: a header carries nothing else');
}

function checkTokens(text: string): string {
  const tokens = text.split(',').map((token) => token.trim());
  if (tokens.length > 2 || tokens.includes(''))
    throw new RangeError('must be one token, or two separated by a comma');
  for (const token of tokens) checkCharacters(token);
  return text;
}
