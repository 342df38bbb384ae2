import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Logger } from '@prosaas/runtime';
import { type FastifyBaseLogger, type FastifyInstance, LogController, fastify } from 'fastify';
import { lazyChildLogger } from './lazy-logger.ts';
import { answerClientError } from './client-error.ts';
import { limitConnections } from './connection-limit.ts';
import { mountErrorAnswers } from './error-answers.ts';
import { isProbe, withoutProbeSlash } from './probe-path.ts';
import { problemOf, sendProblem, setCommonHeaders } from './problem.ts';
import { mountRequestLog } from './request-log.ts';
import { acceptsUpgrade, mountTargetRules } from './request-target.ts';
import { noQuery, validatorCompiler } from './validation.ts';

export type App = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export interface HttpAppOptions {
  log: Logger;
  /** Bytes; a longer body is answered 413. */
  bodyLimit?: number;
  /** Where WebSockets are accepted; without it nowhere. Whoever mounts the route bounds what they may send. */
  webSocketPath?: string;
}

const saneRequestId = /^[\w.:-]{1,100}$/;

/** From the opening of a connection, or the first byte of its next request, to the end of the request's headers. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
/** Longer than the 60 s of common load balancers, so that they are the ones to close. */
const keepAliveTimeoutMs = 72_000;
/** How often connections are checked for these two. */
const timeoutCheckMs = 5000;
const maxHeaderBytes = 16 * 1024;
const connectionLimits = { connections: 1000, pipelined: 16 };

/**
 * The Fastify app that every service starts from: TypeBox schemas, problem+json for every error, a request id on every line
 * and answer, and no query in either.
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
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    http: {
      headersTimeout: headersTimeoutMs,
      connectionsCheckingInterval: timeoutCheckMs,
      maxHeaderSize: maxHeaderBytes,
      shouldUpgradeCallback: acceptsUpgrade(webSocketPath),
    },
    // Probes go on answering while the service drains: readiness says that it leaves, liveness that it lives.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 256 },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      void sendProblem(request, reply, problemOf(error));
    },
  })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(validatorCompiler);
  // JSON is what bodies are; a service that takes another form adds its parser.
  app.removeContentTypeParser('text/plain');
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/api/') && !isProbe(route.url))
      route.schema = { querystring: noQuery, ...route.schema };
  });
  // Hooks that every request passes call back: a promise for each would cost more than what they do.
  app.addHook('onRequest', (request, reply, done) => {
    setCommonHeaders(request, reply);
    done();
  });
  mountRequestLog(app);
  // Once it is known what was done, and before anything of it goes out.
  app.addHook('onSend', (request, _reply, payload, done) => {
    const { recordUse } = request;
    if (recordUse !== undefined) {
      request.recordUse = undefined;
      recordUse();
    }
    done(null, payload);
  });
  const connections = limitConnections(app.server, {
    ...connectionLimits,
    acceptsUpgrades: webSocketPath !== undefined,
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (connections.isDropped(request.raw)) reply.hijack();
    else done();
  });
  app.addHook('preClose', async () => connections.close());
  mountTargetRules(app, webSocketPath);
  mountErrorAnswers(app);
  return app;
}

function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && saneRequestId.test(given) ? given : randomUUID();
}
