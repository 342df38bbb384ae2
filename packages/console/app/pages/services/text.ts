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

/** The services of every stack. They are shown even without a replica. */
const SERVICES = ['api', 'baileys', 'calls', 'worker'];

/** Whether no replica of it is running. */
export const isMissing = ({ replicas }: ServiceGroup): boolean =>
  !replicas.some(({ state }) => state === 'live' || state === 'draining');

/** Groups replicas by service, those with a problem first. */
export function groupByService(replicas: readonly Replica[]): ServiceGroup[] {
  const known = Object.fromEntries(SERVICES.map((service) => [service, [] as Replica[]]));
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
  if (version === null && more.length === 0) return 'unknown';
  return `${version ?? 'unknown'}${more.length > 0 ? ` (${more.join(', ')})` : ''}`;
}

/** The versions that are running, each once. Lost replicas do not count. */
export const versionsOf = (replicas: readonly Replica[]): string[] => [
  ...new Set(
    replicas
      .filter(({ state, version, build }) => state !== 'lost' && (version !== null || build !== null))
      .map(versionText),
  ),
];

/** Describes the heartbeat of a worker. */
export function heartbeatText({ heartbeat }: Pick<Replica, 'heartbeat'>): string {
  if (heartbeat === null) return 'none';
  if (heartbeat.state === 'never_beat') return 'not working yet';
  const queues = countText(heartbeat.queues.length, 'queue');
  return heartbeat.state === 'lost'
    ? `lost: it took jobs from ${queues}`
    : `working, takes jobs from ${queues}`;
}

/** `in step`, `3 s ahead` or `4 s behind`. */
export const clockText = (seconds: number): string =>
  seconds === 0 ? 'in step' : `${Math.abs(Math.round(seconds))} s ${seconds > 0 ? 'ahead' : 'behind'}`;
