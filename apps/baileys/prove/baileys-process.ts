// The baileys service as it is, but it starts when it is told to, having loaded its code before; a dead one's sessions are taken over in
// a second, and its device cache is as told.
import { once } from 'node:events';
import { runService } from '@prosaas/runtime';
import type { UserFacingSocketConfig } from '@whiskeysockets/baileys';
import { LRUCache } from 'lru-cache';
import { BaileysConfig } from '../src/config.ts';
import { RESEND_SCHEDULE } from '../src/resender.ts';
import { startBaileys } from '../src/service.ts';

// None outlives the proof.
process.on('disconnect', () => process.exit(1));
const [{ deviceCacheMs }] = (await once(process, 'message')) as [{ deviceCacheMs: number }];
const withFaults = process.argv.includes('--with-faults');

await runService('baileys', BaileysConfig, (config, context) =>
  startBaileys(config, context, {
    leaseMs: 1000,
    reconcileEveryMs: 100,
    // As long as no proof takes: nothing is sent again.
    resendSchedule: withFaults ? { waitsMs: [86_400_000], everyMs: 86_400_000 } : RESEND_SCHEDULE,
    client: { withFaults, makeDeviceCache: () => deviceCache(deviceCacheMs) },
  }),
);

type DeviceCache = NonNullable<UserFacingSocketConfig['userDevicesCache']>;

function deviceCache(ttl: number): DeviceCache {
  const cache = new LRUCache<string, object>({ max: 10_000, ttl });
  return {
    get: ((key) => cache.get(key)) as DeviceCache['get'],
    set: (key, value) => void cache.set(key, value as object),
    del: (key) => void cache.delete(key),
    flushAll: () => cache.clear(),
  };
}
