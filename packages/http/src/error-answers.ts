import { AppError } from '@prosaas/runtime';
import { AllowedMethods } from './allowed-methods.ts';
import type { App } from './app.ts';
import { explainAnswer, leaveUnlogged } from './request-log.ts';
import { type Problem, problem, problemOf, sendProblem } from './problem.ts';

/**
 * Every error as problem+json; 404 for an unknown path, 405 with `Allow` for a known one. An error that nobody expected is logged
 * here with its stack, an expected one without; one that a client may repeat has its reason in the line of its answer, and no other line.
 */
export function mountErrorAnswers(app: App): void {
  const methods = new AllowedMethods();
  app.addHook('onRoute', ({ method, url, config }) => {
    const { methodNotAllowed: refuses } = (config ?? {}) as { methodNotAllowed?: boolean };
    if (refuses !== true) methods.add(url, method);
  });
  app.setErrorHandler((error, request, reply) => {
    const answer = problemOf(error);
    if (error instanceof AppError && error.code === 'KEYS_NOT_LOADED') {
      // The wait for them, at a start, has a line of its own.
      leaveUnlogged(request);
    } else if (error instanceof AppError && error.status >= 500) {
      const fields = { code: error.code, error: error.message, cause: messageOf(error.cause) };
      if (error.status === 503 || error.retryable) explainAnswer(request, fields);
      else request.log.warn(fields, 'The request failed');
    } else if (answer.status >= 500) request.log.error({ err: error }, 'The request failed');
    else request.log.debug({ err: error }, 'The request was refused');
    return sendProblem(request, reply, answer);
  });
  // Before the body is read: a wrong method is a wrong method, whatever it brings.
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    const allowed = methods.of(request.url.split('?', 1)[0] ?? '/');
    if (allowed.length > 0) reply.header('allow', allowed.join(', '));
    sendProblem(request, reply, allowed.length > 0 ? methodNotAllowed(allowed) : notFound);
  });
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, notFound));
}

/** An error that is expected is no fault of the code: no stack. */
function messageOf(cause: unknown): string | undefined {
  return cause instanceof Error ? cause.message : undefined;
}

const notFound = problem(404, 'NOT_FOUND', 'There is nothing here');

function methodNotAllowed(allowed: readonly string[]): Problem {
  return problem(405, 'METHOD_NOT_ALLOWED', `This path answers ${allowed.join(', ')} only`);
}
