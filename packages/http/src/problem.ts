import { STATUS_CODES } from 'node:http';
import { AppError } from '@prosaas/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** One field that is wrong: `body.text`, `query.limit`. */
export interface FieldProblem {
  field: string;
  message: string;
}

/** RFC 9457. `code` is for programs, `detail` for people. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail?: string;
  errors?: readonly FieldProblem[];
}

export const problemMediaType = 'application/problem+json';

export function problem(
  status: number,
  code: string,
  detail?: string,
  errors?: readonly FieldProblem[],
): Problem {
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code,
    ...(detail === undefined ? {} : { detail }),
    ...(errors === undefined ? {} : { errors }),
  };
}

/** A request that breaks its schema: every field at once. */
export class ValidationFailed extends AppError {
  readonly errors: readonly FieldProblem[];
  /** Fastify reads this one. */
  readonly statusCode = 400;

  constructor(errors: readonly FieldProblem[]) {
    super('The request does not have the form that this route takes', {
      status: 400,
      code: 'VALIDATION_FAILED',
    });
    this.errors = errors;
  }
}

// By the codes of Fastify, whose own texts may carry the URL.
const knownProblems: Readonly<Record<string, Problem>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: problem(413, 'BODY_TOO_LARGE', 'The body is longer than this service takes'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: problem(
    415,
    'UNSUPPORTED_MEDIA_TYPE',
    'This route does not take this Content-Type',
  ),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: problem(
    400,
    'BAD_CONTENT_LENGTH',
    'The body is not as long as Content-Length says',
  ),
  FST_ERR_CTP_EMPTY_JSON_BODY: problem(
    400,
    'MALFORMED_JSON',
    'The body is empty, its Content-Type says JSON',
  ),
  FST_ERR_CTP_INVALID_JSON_BODY: problem(400, 'MALFORMED_JSON', 'The body is not JSON'),
  FST_ERR_BAD_URL: problem(400, 'BAD_URL', 'The path is not a valid URL'),
  FST_ERR_MAX_PARAM_LENGTH: problem(414, 'URL_TOO_LONG', 'A part of the path is too long'),
};

/** What the sender of the request is told of `error`; the text of a fault of ours stays hidden. */
export function problemOf(error: unknown): Problem {
  if (error instanceof AppError) {
    const told = error.status === 500 ? undefined : error.detail;
    return problem(
      error.status,
      error.code,
      told,
      error instanceof ValidationFailed ? error.errors : undefined,
    );
  }
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  const known =
    typeof code === 'string' && Object.hasOwn(knownProblems, code) ? knownProblems[code] : undefined;
  if (known !== undefined) return known;
  if (error instanceof SyntaxError) return problem(400, 'MALFORMED_BODY', 'The body cannot be read');
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return problem(statusCode, codeOf(statusCode));
  }
  return problem(500, 'INTERNAL_ERROR');
}

function codeOf(status: number): string {
  return (STATUS_CODES[status] ?? 'BAD_REQUEST').toUpperCase().replace(/[^A-Z]+/g, '_');
}

/** On every answer. */
export function setCommonHeaders(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.headers({
    'x-request-id': request.id,
    'x-content-type-options': 'nosniff',
    // A metrics token may stand in the URL.
    'referrer-policy': 'no-referrer',
  });
}

/** Serialised here, so that no schema of the route's answers cuts it. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, body: Problem): FastifyReply {
  return setCommonHeaders(request, reply)
    .code(body.status)
    .header('cache-control', 'no-store')
    .type(problemMediaType)
    .serializer(String)
    .send(JSON.stringify({ ...body, request_id: request.id }));
}
