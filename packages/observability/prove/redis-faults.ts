import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { now } from './now.ts';
import type { Random } from '@prosaas/devstack';
import { LEASE_MS, ROLLBACK_MS, TIMES } from './times.ts';
import { KEYS, type InjectedFault, type TestBed, retry, until } from './test-bed.ts';

export function flushScripts({ direct, withRedisLock }: TestBed): Promise<InjectedFault[]> {
  return withRedisLock(async () => {
    const begin = now();
    await retry(() => direct.script('FLUSH'));
    return [
      { kind: 'SCRIPT FLUSH', begin, end: now(), victims: [], description: 'the scripts are forgotten' },
    ];
  });
}

/** Freezes Redis for longer than the time limit of a command, sometimes for longer than all leases. */
export function freezeRedis({ server, withRedisLock }: TestBed, random: Random): Promise<InjectedFault[]> {
  return withRedisLock(async () => {
    const begin = now();
    server.freeze();
    await delay(random.chance(0.3) ? LEASE_MS + 300 : TIMES.limitMs + random.whole(100, 800));
    server.thaw();
    const description = `Redis frozen for ${Math.round(now() - begin)} ms`;
    return [{ kind: 'Redis frozen', begin, end: now(), victims: [], description }];
  });
}

export function restartRedis({ server, withRedisLock }: TestBed, random: Random): Promise<InjectedFault[]> {
  return withRedisLock(async () => {
    const begin = now();
    await server.kill();
    await delay(random.whole(0, 300));
    await server.start();
    const description = `Redis killed, and back with its AOF after ${Math.round(now() - begin)} ms`;
    return [{ kind: 'Redis restarted', begin, end: now(), victims: [], description }];
  });
}

export function rollBackRedis(
  { server, direct, folder, incidents, withRedisLock }: TestBed,
  random: Random,
): Promise<InjectedFault[]> {
  return withRedisLock(async () => {
    const copy = join(folder, 'aof-copy');
    // Rolled back to before it was opened, it would be another store.
    await until('a store', () => retry(async () => (await direct.exists(KEYS.store)) === 1));
    const copiedAt = now();
    await cp(server.dir, copy, { recursive: true });
    await delay(Math.max(0, ROLLBACK_MS - (now() - copiedAt)));
    const begin = now();
    await server.kill();
    const crashedAt = now();
    await rm(server.dir, { recursive: true });
    await cp(copy, server.dir, { recursive: true });
    await rm(copy, { recursive: true });
    await delay(random.whole(0, 200));
    await server.start();
    incidents.rollBacks.push({ copiedAt, crashedAt });
    const description = `Redis rolled back by ${Math.round(crashedAt - copiedAt)} ms`;
    return [{ kind: 'Redis rolled back', begin, end: now(), victims: [], description }];
  });
}

export function flushAll({ direct, incidents, withRedisLock }: TestBed): Promise<InjectedFault[]> {
  return withRedisLock(async () => {
    const begin = now();
    await retry(() => direct.flushall());
    const end = now();
    incidents.flushes.push({ from: begin, to: end });
    return [{ kind: 'FLUSHALL', begin, end, victims: [], description: 'Redis lost its data' }];
  });
}
