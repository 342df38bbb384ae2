import type { Level } from '../../kit/status.tsx';
import { countText } from '../../lib/format.ts';
import type { Replica } from '../../lib/live-values.ts';

export const stateLevels: Readonly<Record<Replica['state'], Level>> = {
  live: 'good',
  stale: 'bad',
  draining: 'idle',
  lost: 'bad',
};

const states = ['live', 'stale', 'lost', 'draining'] as const;

export const isWrong = ({ state, heartbeat }: Replica): boolean =>
  state === 'stale' || state === 'lost' || Object.keys(heartbeat?.failing ?? {}).length > 0;

export interface ServiceGroup {
  service: string;
  replicas: Replica[];
}

/** Every stack has them: one that has no replica is what is missing. */
const services = ['api', 'baileys', 'calls', 'worker'];

/** No replica of it works. */
export const isMissing = ({ replicas }: ServiceGroup): boolean =>
  !replicas.some(({ state }) => state === 'live' || state === 'draining');

/** By service; in each what is wrong stands first. */
export function groupByService(replicas: readonly Replica[]): ServiceGroup[] {
  const known = Object.fromEntries(services.map((service) => [service, [] as Replica[]]));
  return Object.entries({ ...known, ...Object.groupBy(replicas, ({ service }) => service) })
    .map(([service, all = []]) => ({
      service,
      replicas: all.toSorted(
        (a, b) => Number(isWrong(b)) - Number(isWrong(a)) || (a.instance < b.instance ? -1 : 1),
      ),
    }))
    .toSorted((a, b) => (a.service < b.service ? -1 : 1));
}

/** `2 live, 1 lost`. */
export function summaryOf(replicas: readonly Replica[]): string {
  if (replicas.length === 0) return 'no replica: it was stopped, or never started';
  return states
    .map((state) => [state, replicas.filter((replica) => replica.state === state).length] as const)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ');
}

/** `1.4.0 (build 12)`. */
export function versionText({
  version,
  build,
  commit,
}: Pick<Replica, 'version' | 'build' | 'commit'>): string {
  const more = [
    build === null ? '' : `build ${build}`,
    commit === null || commit === 'unknown' ? '' : commit.slice(0, 8),
  ].filter(Boolean);
  if (version === null && more.length === 0) return 'not known';
  return `${version ?? 'unknown'}${more.length > 0 ? ` (${more.join(', ')})` : ''}`;
}

/** Those that run, each once; one that is lost runs none. */
export const versionsOf = (replicas: readonly Replica[]): string[] => [
  ...new Set(
    replicas
      .filter(({ state, version, build }) => state !== 'lost' && (version !== null || build !== null))
      .map(versionText),
  ),
];

/** What a worker's heartbeat says, in words. */
export function heartbeatText({ heartbeat }: Pick<Replica, 'heartbeat'>): string {
  if (heartbeat === null) return 'none';
  if (heartbeat.state === 'never_beat') return 'has not proved yet that it works';
  const queues = countText(heartbeat.queues.length, 'queue');
  return heartbeat.state === 'lost' ? `lost: it took jobs of ${queues}` : `beats, takes jobs of ${queues}`;
}

/** `in step`, or how far off. */
export const clockText = (seconds: number): string =>
  seconds === 0 ? 'in step' : `${Math.abs(Math.round(seconds))} s ${seconds > 0 ? 'ahead' : 'behind'}`;
