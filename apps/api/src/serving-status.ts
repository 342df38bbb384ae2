/** A live replica and its last report. Any field may be missing from a replica of another build. */
export interface ServingReplica {
  service: string;
  instance: string;
  report: {
    agent?: unknown;
    voice?: unknown;
    fallback?: unknown;
    model?: unknown;
    profile_faults?: unknown;
    profile_problems?: unknown;
  };
}

/** Whether the replicas that answer customers are ready to. */
export interface ServingStatus {
  /** Live replicas that answer customers. */
  replicas: number;
  /** Parts that have not been loaded and tried once. */
  cold: { service: string; instance: string; part: 'agent' | 'voice'; state: string }[];
  /** Replicas that answer from the profile alone, because their model provider does not answer. */
  fallback: number;
  /** Replicas that keep using an older profile, because the profile file has faults. */
  faultyProfiles: number;
  /** The first faults of one of them. */
  profileProblems: string[];
  /** Each replica's own report on its model provider. */
  models: { instance: string; report: Readonly<Record<string, unknown>> }[];
  /** Required services without a live replica. */
  absent: string[];
}

const CUSTOMER_SERVICES: ReadonlySet<string> = new Set(['worker', 'calls']);
/** Without a worker no message is answered. A stack that takes no calls needs no calls service. */
const REQUIRED_SERVICES: readonly string[] = ['worker'];

/** Every replica of these services has an agent. Replicas of `calls` also have a voice. */
export function servingStatusOf(all: readonly ServingReplica[]): ServingStatus {
  const replicas = all.filter(({ service }) => CUSTOMER_SERVICES.has(service));
  const absent = REQUIRED_SERVICES.filter((name) => !replicas.some(({ service }) => service === name));
  const serving: ServingStatus = {
    replicas: replicas.length,
    cold: [],
    fallback: 0,
    faultyProfiles: 0,
    profileProblems: [],
    models: [],
    absent,
  };
  for (const { service, instance, report } of replicas) {
    if (report.fallback === true) serving.fallback += 1;
    if (typeof report.profile_faults === 'number' && report.profile_faults > 0) {
      serving.faultyProfiles += 1;
      if (Array.isArray(report.profile_problems))
        serving.profileProblems = report.profile_problems.map(String);
    }
    if (typeof report.model === 'object' && report.model !== null)
      serving.models.push({ instance, report: { ...report.model } });
    for (const part of ['agent', 'voice'] as const) {
      const state = report[part];
      if (state === 'warm' || (state === undefined && part === 'voice' && service !== 'calls')) continue;
      serving.cold.push({ service, instance, part, state: typeof state === 'string' ? state : 'unknown' });
    }
  }
  return serving;
}
