import { type Database, recordAudit } from '@prosaas/database';
import { type AdminUse, type App, type KeyRing, buildHttpApp, canSeeDetails, guard } from '@prosaas/http';
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
import type { Owners } from './owners.ts';
import { adminDoor } from './routes/door.ts';
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
  /** A message from quarantine was stored, with its job. */
  onRetried: () => void;
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

  const audit = ({ action, params, requestId }: AdminUse): void => {
    const target = Object.values(params).join('/').slice(0, 300) || null;
    recordAudit(db, { role: 'admin', action, target, requestId }).catch((err: unknown) =>
      log.error({ err, action, target }, 'a use of the admin key is not in the audit log'),
    );
  };
  const forwarding = new Forwarding({ owners, internalSecret: () => keyRing.current()?.internalSecret });
  const views = new SessionViews({ manager, owners });
  const parts = { db, manager, views, forwarding, adminDoor: adminDoor(keyRing, forwarding, audit) };
  const businessDoor = guard(keyRing, { roles: ['business', 'internal'], audit });
  mountSessionRoutes(app, { ...parts, readDoor: businessDoor });
  mountQrRoutes(app, parts);
  mountSendRoutes(app, { ...parts, sender, sendDoor: businessDoor });
  mountUnstoredRoutes(app, { ...parts, readDoor: businessDoor, onRetried });
  return app;
}
