import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { now } from './now.ts';
import type { Random } from '@prosaas/devstack';
import { LEASE_MS, ROLLBACK_MS, TIMES } from './times.ts';
import { KEYS, type Landed, type World, ask, until } from './world.ts';

export function flushScripts({ direct, redisTurn }: World): Promise<Landed[]> {
  return redisTurn(async () => {
    const begin = now();
    await ask(() => direct.script('FLUSH'));
    return [{ kind: 'SCRIPT FLUSH', begin, end: now(), victims: [], story: 'the scripts are forgotten' }];
  });
}

/** Past the limit of a command; now and then past everyone's lease. */
export function freezeRedis({ server, redisTurn }: World, random: Random): Promise<Landed[]> {
  return redisTurn(async () => {
    const begin = now();
    server.freeze();
    await delay(random.chance(0.3) ? LEASE_MS + 300 : TIMES.limitMs + random.whole(100, 800));
    server.thaw();
    const story = `Redis frozen for ${Math.round(now() - begin)} ms`;
    return [{ kind: 'Redis frozen', begin, end: now(), victims: [], story }];
  });
}

export function restartRedis({ server, redisTurn }: World, random: Random): Promise<Landed[]> {
  return redisTurn(async () => {
    const begin = now();
    await server.kill();
    await delay(random.whole(0, 300));
    await server.start();
    const story = `Redis killed, and back with its AOF after ${Math.round(now() - begin)} ms`;
    return [{ kind: 'Redis restarted', begin, end: now(), victims: [], story }];
  });
}

export function rollBackRedis(
  { server, direct, folder, marks, redisTurn }: World,
  random: Random,
): Promise<Landed[]> {
  return redisTurn(async () => {
    const copy = join(folder, 'aof-copy');
    // Rolled back to before its beginning it would be another store.
    await until('a store', () => ask(async () => (await direct.exists(KEYS.store)) === 1));
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
    marks.rollBacks.push({ copiedAt, crashedAt });
    const story = `Redis rolled back by ${Math.round(crashedAt - copiedAt)} ms`;
    return [{ kind: 'Redis rolled back', begin, end: now(), victims: [], story }];
  });
}

export function flushAll({ direct, marks, redisTurn }: World): Promise<Landed[]> {
  return redisTurn(async () => {
    const begin = now();
    await ask(() => direct.flushall());
    const end = now();
    marks.flushes.push({ from: begin, to: end });
    return [{ kind: 'FLUSHALL', begin, end, victims: [], story: 'Redis lost its data' }];
  });
}
