import type { FastifyRequest } from 'fastify';
import type { App } from './app-type.ts';
import { isProbe } from './probe-path.ts';

/** A read by another of our services, which polls. */
function isInternalRead({ method, principal }: FastifyRequest): boolean {
  return method === 'GET' && principal?.role === 'internal';
}

const extraFields = new WeakMap<FastifyRequest, object>();

/** Adds fields to the log line of the request's answer. */
export function addLogFields(request: FastifyRequest, fields: object): void {
  extraFields.set(request, fields);
}

const skipped = new WeakSet<FastifyRequest>();

/** Logs no line for the request's answer. */
export function skipRequestLog(request: FastifyRequest): void {
  skipped.add(request);
}

/**
 * Logs one line for each answer, without the query. Leaves out successful and 5xx answers to probes and to reads by our own services,
 * which come every second: whatever makes them fail is logged where it is noticed.
 */
export function registerRequestLog(app: App): void {
  app.addHook('onResponse', (request, reply, done) => {
    done();
    const path = request.url.split('?', 1)[0] ?? '/';
    const { statusCode: status } = reply;
    if (skipped.has(request)) return;
    if ((status < 400 || status >= 500) && (isInternalRead(request) || isProbe(path))) return;
    const ms = Math.round(reply.elapsedTime);
    request.log.info(
      { method: request.method, path, status, ms, ...extraFields.get(request) },
      'request answered',
    );
  });
}
