import type { IncomingMessage } from 'node:http';
import websocket from '@fastify/websocket';
import { type App, type KeyRing, buildHttpApp, canSeeDetails } from '@prosaas/http';
import type { SlotPool } from '@prosaas/leases';
import {
  type HealthRegistry,
  type MetricsRegistry,
  healthRoutes,
  instrumentHttp,
  livenessProbes,
  versionRoute,
} from '@prosaas/observability';
import type { BuildInfo, Logger } from '@prosaas/runtime';
import type { CallCloser } from './call-closer.ts';
import type { CallStore } from './call-store.ts';
import { callsProbes } from './checks.ts';
import type { LiveCalls } from './live-calls.ts';
import { type StreamAcceptor, webSocketLimits } from './media/stream-acceptor.ts';
import type { ProviderGuard } from './provider-signature.ts';
import { callStatusRoute } from './routes/call-status.ts';
import { incomingCallRoute } from './routes/incoming-call.ts';
import { mediaStreamPath, mediaStreamRoute } from './routes/media-stream.ts';
import { streamStatusRoute } from './routes/stream-status.ts';
import type { StreamTokens } from './stream-tokens.ts';
import type { StreamAddresses } from './twiml.ts';
import { WEBHOOK_BYTES, acceptForms } from './webhook-form.ts';

export interface CallsParts {
  log: Logger;
  build: BuildInfo;
  keyRing: KeyRing;
  health: HealthRegistry;
  metrics: MetricsRegistry;
  guard: ProviderGuard;
  slots: SlotPool;
  closer: CallCloser;
  tokens: StreamTokens;
  callStore: CallStore;
  live: LiveCalls;
  acceptStream: StreamAcceptor;
  stream: StreamAddresses;
  draining: () => boolean;
}

export async function buildApp(parts: CallsParts): Promise<App> {
  const { log, health, keyRing, build } = parts;
  const app = buildHttpApp({ log, bodyLimit: WEBHOOK_BYTES, webSocketPath: mediaStreamPath });
  instrumentHttp(app, { registry: parts.metrics, labels: { service: 'calls' } });
  acceptForms(app);
  await app.register(websocket, {
    options: {
      ...webSocketLimits,
      // The app refuses an upgrade elsewhere before this; on a Node before 24.9, which does not ask it, this does.
      verifyClient: ({ req }: { req: IncomingMessage }) => req.url?.split('?', 1)[0] === mediaStreamPath,
    },
  });
  app.register(healthRoutes, {
    health,
    probes: [...livenessProbes(), ...callsProbes()],
    canSeeDetails: canSeeDetails(keyRing),
    livenessFirst: true,
  });
  app.register(versionRoute(build));
  incomingCallRoute(app, parts);
  callStatusRoute(app, parts);
  streamStatusRoute(app, parts);
  mediaStreamRoute(app, parts.acceptStream);
  return app;
}
