import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Logger } from '@prosaas/runtime';
import { type FastifyBaseLogger, LogController, fastify } from 'fastify';
import type { App } from './app-type.ts';
import { answerClientError } from './client-error.ts';
import { limitConnections } from './connection-limits.ts';
import { registerErrorHandler } from './error-handler.ts';
import { lazyChildLogger } from './lazy-logger.ts';
import { isProbe, withoutProbeSlash } from './probe-path.ts';
import { problemOf, sendProblem, setCommonHeaders } from './problem.ts';
import { registerRequestLog } from './request-log.ts';
import { acceptsUpgrade, registerTargetChecks } from './request-target.ts';
import { noQuery, validatorCompiler } from './validation.ts';

export interface HttpAppOptions {
  log: Logger;
  /** Bytes. A longer body is answered 413. */
  bodyLimit?: number;
  /** The only path that accepts WebSockets; none without it. Whoever registers its route limits what clients may send there. */
  webSocketPath?: string;
}

const validRequestId = /^[\w.:-]{1,100}$/;

/** From the opening of a connection, or the first byte of its next request, to the end of the request's headers. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the 60 s of common load balancers, so that they close idle connections first. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;
/** How often Node looks for connections past the timeouts above. */
const TIMEOUT_CHECK_MS = 5000;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_PARAM_LENGTH = 256;
const CONNECTION_LIMITS = { connections: 1000, pipelined: 16 };

/**
 * The Fastify app that every service starts from: TypeBox schemas, problem+json for every error, a request id in every log line and
 * answer, and no query string in either.
 */
export function buildHttpApp({ log, bodyLimit = 1_048_576, webSocketPath }: HttpAppOptions): App {
  const loggerInstance: FastifyBaseLogger = log;
  const app = fastify({
    childLoggerFactory: lazyChildLogger,
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    bodyLimit,
    rewriteUrl: ({ url = '/' }) => withoutProbeSlash(url),
    genReqId: requestId,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      shouldUpgradeCallback: acceptsUpgrade(webSocketPath),
    },
    // Probes keep answering while the service drains: readiness fails, liveness passes.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      void sendProblem(request, reply, problemOf(error));
    },
  })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(validatorCompiler);
  // Bodies are JSON. A service that accepts another type adds its own parser.
  app.removeContentTypeParser('text/plain');
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/api/') && !isProbe(route.url))
      route.schema = { querystring: noQuery, ...route.schema };
  });
  // These hooks run for every request and use callbacks: a promise would cost more than their work.
  app.addHook('onRequest', (request, reply, done) => {
    setCommonHeaders(request, reply);
    done();
  });
  registerRequestLog(app);
  // The handler has finished by now, and nothing has been sent yet.
  app.addHook('onSend', (request, _reply, payload, done) => {
    const { recordUse } = request;
    if (recordUse !== undefined) {
      request.recordUse = undefined;
      recordUse();
    }
    done(null, payload);
  });
  const connections = limitConnections(app.server, {
    ...CONNECTION_LIMITS,
    acceptsUpgrades: webSocketPath !== undefined,
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (connections.isDropped(request.raw)) reply.hijack();
    else done();
  });
  app.addHook('preClose', async () => connections.close());
  registerTargetChecks(app, webSocketPath);
  registerErrorHandler(app);
  return app;
}

/** The client's `X-Request-Id`, unless it could forge a log line. */
function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && validRequestId.test(given) ? given : randomUUID();
}
