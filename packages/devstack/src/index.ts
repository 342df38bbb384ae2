export { poll, type PollOptions } from './poll.ts';
export { freePort, isPortFree } from './ports.ts';
export { RedisMissing, type RedisOptions, type RedisServer, startRedis, testRedis } from './redis.ts';
export { type PostgresOptions, type PostgresServer, startPostgres } from './postgres.ts';
export { Random } from './random.ts';
export { testDatabase } from './test-database.ts';
export { type ChildService, type ServiceName, serviceNames } from './services.ts';
export { type Stack, type StackKeys, type StackOptions, type StackPorts, startStack } from './stack.ts';
