/** A live replica that answers customers, as far as it has told. */
export interface ServingReplica {
  service: string;
  instance: string;
  report: { agent?: unknown; voice?: unknown; fallback?: unknown; model?: unknown };
}

export interface Warmth {
  /** Live replicas that answer customers. */
  replicas: number;
  /** What has not been loaded and answered once: `worker agent`, `calls voice`. */
  cold: { service: string; instance: string; part: 'agent' | 'voice'; state: string }[];
  /** Replicas whose model provider is away, so that they answer from the profile alone. */
  fallback: number;
  /** What the replicas with a model tell of its server, as they put it. */
  models: { instance: string; report: Readonly<Record<string, unknown>> }[];
  /** Services that every stack needs to answer customers, and of which no replica lives. */
  absent: string[];
}

const servesCustomers: ReadonlySet<string> = new Set(['worker', 'calls']);
/** Nothing is answered without a worker; who takes no calls needs no calls service. */
const needed: readonly string[] = ['worker'];

/** Every replica that answers customers has an agent; one that also speaks reports a voice. */
export function judgeWarmth(all: readonly ServingReplica[]): Warmth {
  const replicas = all.filter(({ service }) => servesCustomers.has(service));
  const absent = needed.filter((name) => !replicas.some(({ service }) => service === name));
  const warmth: Warmth = { replicas: replicas.length, cold: [], fallback: 0, models: [], absent };
  for (const { service, instance, report } of replicas) {
    if (report.fallback === true) warmth.fallback += 1;
    if (typeof report.model === 'object' && report.model !== null)
      warmth.models.push({ instance, report: { ...report.model } });
    for (const part of ['agent', 'voice'] as const) {
      const state = report[part];
      if (state === 'warm' || (state === undefined && part === 'voice' && service !== 'calls')) continue;
      warmth.cold.push({ service, instance, part, state: typeof state === 'string' ? state : 'unknown' });
    }
  }
  return warmth;
}
