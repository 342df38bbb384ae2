import type { FastifyRequest } from 'fastify';
import type { App } from './app.ts';
import { isProbe } from './probe-path.ts';

/** A service that reads of another one, as it does at intervals. */
function asksItself({ method, principal }: FastifyRequest): boolean {
  return method === 'GET' && principal?.role === 'internal';
}

const reasons = new WeakMap<FastifyRequest, object>();

/** Its answer's line says why. */
export function explainAnswer(request: FastifyRequest, reason: object): void {
  reasons.set(request, reason);
}

const unlogged = new WeakSet<FastifyRequest>();

/** Its answer is no line: another one tells of the trouble. */
export function leaveUnlogged(request: FastifyRequest): void {
  unlogged.add(request);
}

/**
 * One line for each answer, but for probes, passing or failing, and for what services read of one another: they come by the
 * second and say nothing. Never the query.
 */
export function mountRequestLog(app: App): void {
  app.addHook('onResponse', (request, reply, done) => {
    done();
    const path = request.url.split('?', 1)[0] ?? '/';
    const { statusCode: status } = reply;
    if (unlogged.has(request)) return;
    // Whoever polls what fails adds nothing to what the log says of the trouble itself.
    if ((status < 400 || status >= 500) && (asksItself(request) || isProbe(path))) return;
    const ms = Math.round(reply.elapsedTime);
    request.log.info({ method: request.method, path, status, ms, ...reasons.get(request) }, 'Answered');
  });
}
