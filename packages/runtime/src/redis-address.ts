export interface RedisHost {
  host: string;
  port: number;
}

interface MultiHost {
  tls: boolean;
  username?: string;
  password?: string;
}

/** What `REDIS_URL` names: one server, some nodes of a cluster, or the sentinels of a master. */
export type RedisTarget =
  | { kind: 'server'; url: string }
  | (MultiHost & { kind: 'cluster'; nodes: RedisHost[] })
  | (MultiHost & { kind: 'sentinel'; sentinels: RedisHost[]; master: string; db: number });

const SCHEMES = ['redis', 'rediss', 'redis+cluster', 'rediss+cluster', 'redis+sentinel', 'rediss+sentinel'];
const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;

/**
 * `redis://host:port/db`, `redis+cluster://host:port,host:port`, `redis+sentinel://host:port,host:port/master/db`; with
 * `rediss` over TLS. Throws a RangeError whose text continues the variable's name and contains nothing of the value, which may hold a password.
 */
export function parseRedisUrl(text: string): RedisTarget {
  const [, scheme = '', rest = ''] = /^([a-z+]+):\/\/(.*)$/s.exec(text) ?? [];
  if (!SCHEMES.includes(scheme)) {
    const prefixes = SCHEMES.map((name) => `${name}://`);
    throw new RangeError(
      `must be a URL that begins with ${prefixes.slice(0, -1).join(', ')} or ${prefixes.at(-1)}`,
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

/** Hosts and ports without user and password, for logs and health reports. */
export function describeRedis(url: string): string {
  const target = parseRedisUrl(url);
  if (target.kind === 'cluster') return target.nodes.map(hostText).join(',');
  if (target.kind === 'sentinel') return `${target.master} of ${target.sentinels.map(hostText).join(',')}`;
  const { hostname, port } = new URL(target.url);
  return `${hostname}:${port || REDIS_PORT}`;
}

export function hostText({ host, port }: RedisHost): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function parseCluster(rest: string, tls: boolean): RedisTarget {
  const { login, hosts, path } = parts(rest);
  if (path !== '' && path !== '0') throw new RangeError('must name no database: a cluster has only one');
  return { kind: 'cluster', nodes: parseHosts(hosts, REDIS_PORT), tls, ...login };
}

function parseSentinel(rest: string, tls: boolean): RedisTarget {
  const { login, hosts, path } = parts(rest);
  const [, master, db = '0'] = /^([\w.-]+)(?:\/(\d+))?$/.exec(path) ?? [];
  if (master === undefined) {
    throw new RangeError('must end with the name by which the sentinels know the master: .../mymaster');
  }
  const sentinels = parseHosts(hosts, SENTINEL_PORT);
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
    // Refuses anything beside host and port.
    if (url === null || url.hostname === '' || url.host.toLowerCase() !== one.trim().toLowerCase()) {
      throw new RangeError(`must name hosts as host:port, separated by commas: number ${index + 1} is none`);
    }
    return {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? defaultPort : Number(url.port),
    };
  });
}
