import { AuditTrail, type Database, type ReleasedJob } from '@prosaas/database';
import { type App, type AuditedUse, type KeyRing, buildHttpApp, canSeeDetails } from '@prosaas/http';
import {
  type HealthRegistry,
  type MetricsRegistry,
  healthRoutes,
  instrumentHttp,
  livenessProbes,
  versionRoute,
} from '@prosaas/observability';
import type { BuildInfo, Logger } from '@prosaas/runtime';
import { baileysProbes } from './checks.ts';
import { Forwarding } from './forwarding.ts';
import { Hops, auditHops } from './hops.ts';
import type { Owners } from './owners.ts';
import { createGuards } from './routes/access.ts';
import { mountQrRoutes } from './routes/qr.ts';
import { mountSendRoutes } from './routes/send-text.ts';
import { mountSessionRoutes } from './routes/sessions.ts';
import { mountUnstoredRoutes } from './routes/unstored-messages.ts';
import type { Sender } from './sender.ts';
import type { SessionManager } from './session-manager.ts';
import { SessionViews } from './session-views.ts';

export interface AppParts {
  log: Logger;
  build: BuildInfo;
  db: Database;
  keyRing: KeyRing;
  health: HealthRegistry;
  metrics: MetricsRegistry;
  manager: SessionManager;
  owners: Owners;
  sender: Sender;
  /** A quarantined message was stored, with its job. */
  onRetried: (released: ReleasedJob | undefined) => void;
}

export function buildApp({
  log,
  build,
  db,
  keyRing,
  health,
  metrics,
  manager,
  owners,
  sender,
  onRetried,
}: AppParts): App {
  const app = buildHttpApp({ log });
  instrumentHttp(app, { registry: metrics, labels: { service: 'baileys' } });
  app.register(healthRoutes, {
    health,
    probes: [...livenessProbes(), ...baileysProbes(manager)],
    canSeeDetails: canSeeDetails(keyRing),
    livenessFirst: true,
  });
  app.register(versionRoute(build));

  const trail = new AuditTrail({ db, log });
  app.addHook('onClose', () => trail[Symbol.asyncDispose]());
  const audit = (use: AuditedUse & { from?: string | undefined }): void => {
    trail.add({ ...use, target: targetOf(use) });
  };
  const hops = new Hops({ self: owners.self, log });
  app.addHook('preParsing', (request, _reply, payload) => hops.checkBody(request, payload));
  const forwarding = new Forwarding({
    owners,
    internalSecret: () => keyRing.current()?.internalSecret,
    isFromReplica: hops.isFromReplica,
  });
  const views = new SessionViews({ manager, owners });
  const auditHop = auditHops(audit);
  const guards = createGuards(keyRing, {
    authenticateForwarded: hops.authenticate,
    audit: (use, request) => {
      if (!use.forwarded) audit(use);
      else if (hops.isFromReplica(request)) auditHop({ ...use, from: hops.fromOf(request) });
      // The api audits what it forwards: it knows the caller's address.
    },
  });
  const parts = { db, manager, views, forwarding, adminGuard: guards.admin };
  mountSessionRoutes(app, { ...parts, readGuard: guards.read, listGuard: guards.list });
  mountQrRoutes(app, parts);
  mountSendRoutes(app, { ...parts, sender, sendGuard: guards.send });
  mountUnstoredRoutes(app, { ...parts, readGuard: guards.read, onRetried });
  return app;
}

/** What a request was about: the ids in its path, and for a forwarded request its business and the replica that sent it. */
function targetOf({
  params,
  target,
  businessId,
  from,
}: AuditedUse & { from?: string | undefined }): string | null {
  const parts = [
    target ?? Object.values(params).join('/'),
    from !== undefined && businessId !== undefined ? `business ${businessId}` : '',
    from === undefined ? '' : `from ${from}`,
  ];
  return (
    parts
      .filter((part) => part !== '')
      .join(' ')
      .slice(0, 300) || null
  );
}
