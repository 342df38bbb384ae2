import { AuditTrail } from '@prosaas/database';
import {
  type AuditedUse,
  type App,
  type GuardKeys,
  type KeyRing,
  buildHttpApp,
  canSeeDetails,
  guard,
  metricsGuard,
} from '@prosaas/http';
import {
  type HealthRegistry,
  type MetricsReader,
  type MetricsRegistry,
  healthRoutes,
  instrumentHttp,
  livenessProbes,
  metricsRoutes,
  textMetricsRoute,
  versionRoute,
} from '@prosaas/observability';
import type { JobReader, QueueControl, QueueTotals, Relay } from '@prosaas/queues';
import type { BuildInfo, Logger } from '@prosaas/runtime';
import { businessMetricNames, catalogue, metricPrefix, systemMetrics } from '@prosaas/telemetry';
import type { CheckHistory } from './checks/history.ts';
import type { CheckName } from './checks/names.ts';
import { viewChecks } from './checks/view.ts';
import type { CompletionRates } from './completion-rates.ts';
import type { ConsoleStreams } from './console/console-streams.ts';
import { liveParts } from './console/live-parts.ts';
import { LiveViews } from './console/live-views.ts';
import { MetricsHistory } from './console/metrics-history.ts';
import { SignIns } from './console/sign-ins.ts';
import { apiProbes } from './probes.ts';
import type { AgentProfile } from './learning/agent-profile.ts';
import { agentEntriesRoutes } from './routes/agent-entries.ts';
import { agentTryRoutes } from './routes/agent-try.ts';
import { agentUnansweredRoutes } from './routes/agent-unanswered.ts';
import { auditRoutes } from './routes/audit.ts';
import { businessRoutes } from './routes/businesses.ts';
import { checkRoutes } from './routes/checks.ts';
import { callRoutes } from './routes/calls.ts';
import { consoleFileRoutes } from './routes/console-files.ts';
import { consoleHistoryRoute } from './routes/console-history.ts';
import { consoleStreamRoutes } from './routes/console-stream.ts';
import { contactRoutes } from './routes/contacts.ts';
import { conversationActionRoutes } from './routes/conversation-actions.ts';
import { conversationRoutes } from './routes/conversations.ts';
import { deadLetterRoutes } from './routes/dead-letter.ts';
import { jobRoutes } from './routes/jobs.ts';
import { type LoggersContext, loggerRoutes } from './routes/loggers.ts';
import { meRoute } from './routes/me.ts';
import { queueRoutes } from './routes/queues.ts';
import { scheduleRoutes } from './routes/schedules.ts';
import { signInRoutes } from './routes/sign-in.ts';
import { messageRoutes } from './routes/messages.ts';
import { peopleRoutes } from './routes/people.ts';
import { phoneNumberRoutes } from './routes/phone-numbers.ts';
import type { ResourceContext } from './routes/resource.ts';
import { type SessionRoutesContext, sessionRoutes } from './routes/sessions.ts';
import { serviceRoutes } from './routes/services.ts';
import { warmUpRoute } from './routes/warm-up.ts';
import type { Runbook } from './runbook.ts';
import type { ServingDatabase } from './serving-database.ts';
import type { WarmUp } from './warm-up.ts';

export interface ApiParts extends Pick<LoggersContext, 'readReplicas' | 'readLevels' | 'setLevel'> {
  log: Logger;
  build: BuildInfo;
  db: ServingDatabase;
  keyRing: KeyRing;
  health: HealthRegistry;
  readyzRequires: readonly CheckName[];
  /** Metrics of all services. */
  metrics: Pick<MetricsReader, 'read'>;
  /** Metrics of this process. */
  registry: MetricsRegistry;
  jobs: JobReader;
  relay: Relay;
  control: QueueControl;
  readTotals: () => Promise<QueueTotals>;
  rates: CompletionRates;
  /** How long failed jobs are kept; 0: forever. */
  deadLetterDays: number;
  warmUp: WarmUp;
  baileys: Pick<SessionRoutesContext['baileys'], 'url' | 'self'>;
  checkHistory: CheckHistory;
  runbook: Runbook;
  /** Folder with the built files of the console. */
  consoleFolder: string;
  streams: ConsoleStreams;
  profile: AgentProfile;
}

export function buildApp(parts: ApiParts): App {
  const { log, db, health, jobs, relay, control } = parts;
  const signIns = new SignIns(parts);
  const keyRing = { ...parts.keyRing, signedIn: findSignedIn(signIns) };
  const app = buildHttpApp({ log });
  instrumentHttp(app, { registry: parts.registry, labels: { service: 'api' } });
  const seesDetails = canSeeDetails(keyRing);
  const probes = apiProbes(parts);

  app.register(healthRoutes, {
    health,
    probes: [...livenessProbes(), ...probes],
    canSeeDetails: seesDetails,
    livenessFirst: true,
  });
  app.register(versionRoute(parts.build));
  const metrics = { reader: parts.metrics, guard: metricsGuard(keyRing) };
  const labelled = Object.keys(systemMetrics);
  app.register(metricsRoutes, { ...metrics, names: businessMetricNames, labelled });
  app.register(textMetricsRoute, { ...metrics, catalogue, namePrefix: metricPrefix });
  warmUpRoute(app, { warmUp: parts.warmUp, canSeeDetails: seesDetails });

  const trail = new AuditTrail({ db, log });
  app.addHook('onClose', () => trail[Symbol.asyncDispose]());
  const audit = (use: AuditedUse): void => {
    trail.add({ ...use, target: targetOf(use) });
  };
  const context: ResourceContext = {
    db,
    business: guard(keyRing, { roles: ['business'], audit }),
    owner: guard(keyRing, { roles: ['owner'], audit }),
    admin: guard(keyRing, { roles: ['admin'], audit }),
    // Not audited: these routes show the state of the system, like health and metrics.
    operator: guard(keyRing, { roles: ['metrics'] }),
    anyone: guard(keyRing, { roles: ['metrics', 'business'] }),
  };
  serviceRoutes(app, { ...context, ...parts });
  loggerRoutes(app, { ...context, ...parts });
  checkRoutes(app, {
    ...context,
    ...parts,
    viewChecks: (options) => viewChecks(parts, options),
    probes: probes.map(({ path, required }) => ({ path, requires: [...required] })),
  });
  signInRoutes(app, { signIns, audit });
  meRoute(app, context);
  consoleRoutes(app, { ...context, ...parts, signIns });
  businessRoutes(app, context);
  conversationRoutes(app, { ...context, jobs });
  conversationActionRoutes(app, context);
  messageRoutes(app, { ...context, relay });
  callRoutes(app, context);
  sessionRoutes(app, {
    ...context,
    baileys: { ...parts.baileys, secret: () => keyRing.current()?.internalSecret },
  });
  phoneNumberRoutes(app, context);
  peopleRoutes(app, { ...context, keyRing });
  contactRoutes(app, context);
  for (const routes of [agentUnansweredRoutes, agentEntriesRoutes, agentTryRoutes])
    routes(app, { ...context, profile: parts.profile });
  jobRoutes(app, { ...context, jobs, control });
  queueRoutes(app, { ...context, ...parts });
  scheduleRoutes(app, context);
  deadLetterRoutes(app, { ...context, relay });
  auditRoutes(app, context);
  return app;
}

/** Requests that an open page sends by itself do not postpone the expiry of a sign-in. */
const findSignedIn =
  (signIns: SignIns): GuardKeys['signedIn'] =>
  (token, { routeOptions }) =>
    signIns.find(token, { isUse: routeOptions.url?.startsWith('/api/console/') !== true });

function consoleRoutes(app: App, parts: ApiParts & ResourceContext & { signIns: SignIns }): void {
  const history = new MetricsHistory(parts.metrics);
  const views = new LiveViews(
    liveParts({ ...parts, history, viewChecks: (options) => viewChecks(parts, options) }),
  );
  app.addHook('onClose', async () => {
    history[Symbol.dispose]();
    views[Symbol.dispose]();
  });
  consoleFileRoutes(app, { folder: parts.consoleFolder });
  consoleHistoryRoute(app, { ...parts, history });
  consoleStreamRoutes(app, { ...parts, views });
}

/** The records that the handler names, or the path. Never the query string. */
function targetOf({ params, target }: AuditedUse): string | null {
  if (target !== undefined) return target;
  const names = Object.values(params);
  return names.length === 0 ? null : names.join('/').slice(0, 300);
}
