/** Where Redis is, as `REDIS_URL` says it. */
export type RedisTarget = { tls: boolean; username?: string; password?: string } & (
  | { kind: 'single'; url: string }
  | { kind: 'cluster'; nodes: HostAndPort[] }
  | { kind: 'sentinel'; sentinels: HostAndPort[]; master: string; db: number }
);

export interface HostAndPort {
  host: string;
  port: number;
}

const forms = `must be one of
    redis[s]://[user:password@]host[:port][/database]
    redis[s]+cluster://[user:password@]host[:port],host[:port],...
    redis[s]+sentinel://[user:password@]host[:port],host[:port],.../master-name[/database]`;

const manyHosts =
  /^rediss?\+(?<kind>cluster|sentinel):\/\/(?:(?<user>[^:@/]*):(?<password>[^@/]*)@)?(?<hosts>[^@/?#]+)(?:\/(?<path>[^?#]*))?$/;
const defaultPorts = { cluster: 6379, sentinel: 26_379 };

/** Throws a `RangeError` whose text reads on from the variable's name, and names the forms. */
export function parseRedisUrl(text: string): RedisTarget {
  const tls = text.startsWith('rediss');
  const url = URL.parse(text);
  if (url?.protocol === 'redis:' || url?.protocol === 'rediss:') return { kind: 'single', url: text, tls };

  const { kind, user = '', password = '', hosts = '', path = '' } = manyHosts.exec(text)?.groups ?? {};
  if (kind !== 'cluster' && kind !== 'sentinel') throw new RangeError(forms);
  const addresses = hosts.split(',').map((host) => parseHost(host, defaultPorts[kind]));
  const access = {
    tls,
    ...(user === '' ? {} : { username: decodeURIComponent(user) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  };
  const [master = '', db = '0', ...more] = path.split('/');
  if (kind === 'cluster') {
    // A cluster has one database.
    if (!['', '0'].includes(master) || db !== '0' || more.length > 0) throw new RangeError(forms);
    return { kind, nodes: addresses, ...access };
  }
  if (master === '' || !/^\d{1,4}$/.test(db) || more.length > 0) throw new RangeError(forms);
  return { kind, sentinels: addresses, master: decodeURIComponent(master), db: Number(db), ...access };
}

function parseHost(text: string, fallbackPort: number): HostAndPort {
  const [, host = '', port = String(fallbackPort)] =
    /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d+))?$/i.exec(text) ?? [];
  if (host === '' || Number(port) < 1 || Number(port) > 65_535) throw new RangeError(forms);
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
