// The baileys service in a process that loads its code first and starts on a message, with the device cache lifetime in that
// message. Sessions of a killed process are taken over within a second.
import { once } from 'node:events';
import { runService } from '@prosaas/runtime';
import type { UserFacingSocketConfig } from '@whiskeysockets/baileys';
import { LRUCache } from 'lru-cache';
import { BaileysConfig } from '../src/config.ts';
import { RESEND_SCHEDULE } from '../src/resender.ts';
import { startBaileys } from '../src/service.ts';

// Exit with the parent process.
process.on('disconnect', () => process.exit(1));
const [{ deviceCacheMs }] = (await once(process, 'message')) as [{ deviceCacheMs: number }];
const withFaults = process.argv.includes('--with-faults');

await runService('baileys', BaileysConfig, (config, context) =>
  startBaileys(config, context, {
    leaseMs: 1000,
    reconcileEveryMs: 100,
    // Longer than any proof, so nothing is resent.
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
