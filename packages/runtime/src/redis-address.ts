export interface RedisHost {
  host: string;
  port: number;
}

interface Several {
  tls: boolean;
  username?: string;
  password?: string;
}

/** What `REDIS_URL` names: one server, a cluster by some of its nodes, or a master by the sentinels that know where it is. */
export type RedisTarget =
  | { kind: 'server'; url: string }
  | (Several & { kind: 'cluster'; nodes: RedisHost[] })
  | (Several & { kind: 'sentinel'; sentinels: RedisHost[]; master: string; db: number });

const schemes = ['redis', 'rediss', 'redis+cluster', 'rediss+cluster', 'redis+sentinel', 'rediss+sentinel'];
const redisPort = 6379;
const sentinelPort = 26_379;

/**
 * `redis://host:port/db`, `redis+cluster://host:port,host:port`, `redis+sentinel://host:port,host:port/master/db`; with
 * `rediss` over TLS. Throws a RangeError whose text reads on from the variable's name, and holds nothing of the value.
 */
export function parseRedisUrl(text: string): RedisTarget {
  const [, scheme = '', rest = ''] = /^([a-z+]+):\/\/(.*)$/s.exec(text) ?? [];
  if (!schemes.includes(scheme)) {
    const begins = schemes.map((name) => `${name}://`);
    throw new RangeError(
      `must be a URL that begins with ${begins.slice(0, -1).join(', ')} or ${begins.at(-1)}`,
    );
  }
  const tls = scheme.startsWith('rediss');
  if (scheme.endsWith('+cluster')) return parseCluster(rest, tls);
  if (scheme.endsWith('+sentinel')) return parseSentinel(rest, tls);
  if (URL.parse(text) === null) {
    throw new RangeError(
      'must name one host; for several it begins with redis+cluster:// or redis+sentinel://',
    );
  }
  return { kind: 'server', url: text };
}

/** Hosts and ports without user and password, for people. */
export function describeRedis(url: string): string {
  const target = parseRedisUrl(url);
  if (target.kind === 'cluster') return target.nodes.map(hostText).join(',');
  if (target.kind === 'sentinel') return `${target.master} of ${target.sentinels.map(hostText).join(',')}`;
  const { hostname, port } = new URL(target.url);
  return `${hostname}:${port || redisPort}`;
}

export function hostText({ host, port }: RedisHost): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function parseCluster(rest: string, tls: boolean): RedisTarget {
  const { login, hosts, path } = parts(rest);
  if (path !== '' && path !== '0') throw new RangeError('must name no database: a cluster has only one');
  return { kind: 'cluster', nodes: parseHosts(hosts, redisPort), tls, ...login };
}

function parseSentinel(rest: string, tls: boolean): RedisTarget {
  const { login, hosts, path } = parts(rest);
  const [, master, db = '0'] = /^([\w.-]+)(?:\/(\d+))?$/.exec(path) ?? [];
  if (master === undefined) {
    throw new RangeError('must end with the name by which the sentinels know the master: .../mymaster');
  }
  const sentinels = parseHosts(hosts, sentinelPort);
  return { kind: 'sentinel', sentinels, master, db: Number(db), tls, ...login };
}

function parts(rest: string): {
  login: { username?: string; password?: string };
  hosts: string;
  path: string;
} {
  const at = rest.lastIndexOf('@');
  const [hosts = '', ...path] = rest.slice(at + 1).split('/');
  const [username = '', ...password] = at === -1 ? [] : rest.slice(0, at).split(':');
  const login = {
    ...(username === '' ? {} : { username: decode(username) }),
    ...(password.length === 0 ? {} : { password: decode(password.join(':')) }),
  };
  return { login, hosts, path: path.join('/') };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RangeError('has a % in its user or password that begins no escape: write it as %25');
  }
}

function parseHosts(text: string, defaultPort: number): RedisHost[] {
  return text.split(',').map((one, index) => {
    const url = URL.parse(`redis://${one.trim()}`);
    // Nothing but a host and a port.
    if (url === null || url.hostname === '' || url.host.toLowerCase() !== one.trim().toLowerCase()) {
      throw new RangeError(`must name hosts as host:port, separated by commas: number ${index + 1} is none`);
    }
    return {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? defaultPort : Number(url.port),
    };
  });
}
