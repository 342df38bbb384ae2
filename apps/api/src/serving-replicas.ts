/** A live replica that answers customers, as far as it has told. */
export interface ServingReplica {
  service: string;
  instance: string;
  report: {
    agent?: unknown;
    voice?: unknown;
    fallback?: unknown;
    profile_faults?: unknown;
    profile_problems?: unknown;
  };
}

export interface Warmth {
  /** Live replicas that answer customers. */
  replicas: number;
  /** What has not been loaded and answered once: `worker agent`, `calls voice`. */
  cold: { service: string; instance: string; part: 'agent' | 'voice'; state: string }[];
  /** Replicas whose model provider is away, so that they answer from the profile alone. */
  fallback: number;
  /** Replicas whose profile's file has faults, so that an older one stays in use, and the first faults of one of them. */
  faultyProfiles: number;
  profileProblems: string[];
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
  const warmth: Warmth = {
    replicas: replicas.length,
    cold: [],
    fallback: 0,
    faultyProfiles: 0,
    profileProblems: [],
    absent,
  };
  for (const { service, instance, report } of replicas) {
    if (report.fallback === true) warmth.fallback += 1;
    if (typeof report.profile_faults === 'number' && report.profile_faults > 0) {
      warmth.faultyProfiles += 1;
      if (Array.isArray(report.profile_problems))
        warmth.profileProblems = report.profile_problems.map(String);
    }
    for (const part of ['agent', 'voice'] as const) {
      const state = report[part];
      if (state === 'warm' || (state === undefined && part === 'voice' && service !== 'calls')) continue;
      warmth.cold.push({ service, instance, part, state: typeof state === 'string' ? state : 'unknown' });
    }
  }
  return warmth;
}
