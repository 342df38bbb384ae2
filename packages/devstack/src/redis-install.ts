import { type SystemPackage, ensureInstalled } from './system-package.ts';

const redis: SystemPackage = {
  title: 'Redis',
  executables: ['redis-server', 'valkey-server'],
  packages: { 'apt-get': 'redis-server', dnf: 'valkey', apk: 'redis', pacman: 'valkey', brew: 'redis' },
  orElse: 'or set REDIS_URL to one that runs',
};

/** Installs Redis if there is neither redis-server nor valkey-server. */
export const ensureRedisInstalled = (say: (line: string) => void): Promise<void> =>
  ensureInstalled(redis, say);
