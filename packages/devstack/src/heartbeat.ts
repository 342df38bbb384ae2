import { Cluster, Redis } from 'ioredis';

/** Whether the worker with this process id has written its heartbeat to the Redis of `redisUrl`: one server, Sentinel or a cluster. */
export async function hasBeaten(redisUrl: string, pid: number): Promise<boolean> {
  const client = open(redisUrl);
  client.on('error', () => {});
  try {
    await client.connect();
    for (const node of client instanceof Cluster ? client.nodes('master') : [client]) {
      if (await holdsBeat(node, pid)) return true;
    }
    return false;
  } finally {
    client.disconnect();
  }
}

async function holdsBeat(redis: Redis, pid: number): Promise<boolean> {
  for await (const keys of redis.scanStream({ match: '*worker:heartbeat:*', count: 1000 })) {
    for (const key of keys as string[]) {
      if ((await redis.type(key)) !== 'string') continue;
      const beat = JSON.parse((await redis.get(key)) ?? '{}') as { pid?: number };
      if (beat.pid === pid) return true;
    }
  }
  return false;
}

/** A client that tries to connect once. The services have checked the URL already. */
function open(redisUrl: string): Redis | Cluster {
  const once = { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null };
  const [, form, login = '', hosts = '', path = ''] =
    /^rediss?\+(cluster|sentinel):\/\/(?:(.*)@)?([^/]*)\/?(.*)$/.exec(redisUrl) ?? [];
  if (form === undefined) return new Redis(redisUrl, once);
  const [username, password] = login.split(':').map(decodeURIComponent);
  const options = {
    ...(username && { username }),
    ...(password && { password }),
    ...(redisUrl.startsWith('rediss') && { tls: {} }),
  };
  const servers = hosts.split(',').map((one) => {
    const { hostname, port } = new URL(`redis://${one.trim()}`);
    return { host: hostname, ...(port !== '' && { port: Number(port) }) };
  });
  if (form === 'cluster')
    return new Cluster(servers, {
      lazyConnect: true,
      clusterRetryStrategy: () => null,
      redisOptions: options,
    });
  return new Redis({
    ...once,
    ...options,
    sentinels: servers,
    name: path.split('/', 1)[0] ?? '',
    sentinelRetryStrategy: () => null,
  });
}
