import type { Redis } from 'ioredis';
import { KEYS } from './test-bed.ts';

/** After all processes have left, only their totals and tombstones may remain in Redis. */
export async function leftovers(redis: Redis): Promise<string[]> {
  const [leases, blobs, schemas, uses] = await Promise.all([
    redis.zcard(KEYS.leases),
    redis.hlen(KEYS.blobs),
    redis.hlen(KEYS.schemas),
    redis.hlen(KEYS.uses),
  ]);
  const left = Object.entries({ leases, blobs, schemas, uses }).filter(([, count]) => count > 0);
  return left.map(([what, count]) => `${count} ${what} are left in Redis although everyone has gone`);
}
