import { AppError } from '@prosaas/runtime';
import { AllowedMethods } from './allowed-methods.ts';
import type { App } from './app-type.ts';
import { KeysNotLoaded } from './auth-errors.ts';
import { type Problem, problem, problemOf, sendProblem } from './problem.ts';
import { addLogFields, skipRequestLog } from './request-log.ts';

/**
 * Answers every error as problem+json, an unknown path with 404, and a wrong method with 405 and `Allow`. An unexpected error is
 * logged here with its stack, an expected one without. A retryable error adds its reason to the line of its answer instead.
 */
export function registerErrorHandler(app: App): void {
  const methods = new AllowedMethods();
  app.addHook('onRoute', ({ method, url, config }) => {
    const { methodNotAllowed: isRefused } = (config ?? {}) as { methodNotAllowed?: boolean };
    if (isRefused !== true) methods.add(url, method);
  });
  app.setErrorHandler((error, request, reply) => {
    const answer = problemOf(error);
    if (error instanceof KeysNotLoaded) {
      // The service logs once at its start that it waits for the keys.
      skipRequestLog(request);
    } else if (error instanceof AppError && error.status >= 500) {
      const fields = { code: error.code, error: error.message, cause: messageOf(error.cause) };
      if (error.status === 503 || error.retryable) addLogFields(request, fields);
      else request.log.warn(fields, 'request failed');
    } else if (answer.status >= 500) request.log.error({ err: error }, 'request failed');
    else request.log.debug({ err: error }, 'request refused');
    return sendProblem(request, reply, answer);
  });
  // Before the body is read: a wrong method is 405 whatever the body is.
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    const allowed = methods.of(request.url.split('?', 1)[0] ?? '/');
    if (allowed.length > 0) reply.header('allow', allowed.join(', '));
    sendProblem(request, reply, allowed.length > 0 ? methodNotAllowed(allowed) : notFound);
  });
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, notFound));
}

/** The message alone: an expected error needs no stack. */
function messageOf(cause: unknown): string | undefined {
  return cause instanceof Error ? cause.message : undefined;
}

const notFound = problem(404, 'NOT_FOUND', 'This service has no such path.');

function methodNotAllowed(allowed: readonly string[]): Problem {
  return problem(405, 'METHOD_NOT_ALLOWED', `This path supports only ${allowed.join(', ')}.`);
}
