import { STATUS_CODES } from 'node:http';
import { AppError } from '@prosaas/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** An invalid field, such as `body.text` or `query.limit`. */
export interface FieldProblem {
  field: string;
  message: string;
}

/** RFC 9457 problem details. `code` is for programs, `detail` for people. */
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

/** A request that does not match the schema of its route. Lists every invalid field. */
export class ValidationFailed extends AppError {
  override code = 'VALIDATION_FAILED';
  override status = 400;
  /** Fastify reads this one. */
  readonly statusCode = 400;
  readonly errors: readonly FieldProblem[];

  constructor(errors: readonly FieldProblem[]) {
    super('The request does not match the schema of this route. Correct the fields in "errors".');
    this.errors = errors;
  }
}

// By Fastify's error codes. Its own messages are not used, because they may contain the URL.
const FASTIFY_PROBLEMS: Readonly<Record<string, Problem>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: problem(413, 'BODY_TOO_LARGE', 'The body is too large for this route.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: problem(
    415,
    'UNSUPPORTED_MEDIA_TYPE',
    'This route does not accept this Content-Type. REST routes accept application/json.',
  ),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: problem(
    400,
    'BAD_CONTENT_LENGTH',
    'The length of the body differs from Content-Length.',
  ),
  FST_ERR_CTP_EMPTY_JSON_BODY: problem(
    400,
    'MALFORMED_JSON',
    'The body is empty, but its Content-Type is JSON. Send a body or no Content-Type.',
  ),
  FST_ERR_CTP_INVALID_JSON_BODY: problem(400, 'MALFORMED_JSON', 'The body is not valid JSON.'),
  FST_ERR_BAD_URL: problem(400, 'BAD_URL', 'The path is not a valid URL. Check its percent-encoding.'),
  FST_ERR_MAX_PARAM_LENGTH: problem(414, 'URL_TOO_LONG', 'A segment of the path is too long.'),
};

/** The answer for `error`. The message of an unexpected error stays hidden. */
export function problemOf(error: unknown): Problem {
  if (error instanceof AppError) {
    return problem(
      error.status,
      error.code,
      error.status === 500 ? undefined : error.detail,
      error instanceof ValidationFailed ? error.errors : undefined,
    );
  }
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  const known =
    typeof code === 'string' && Object.hasOwn(FASTIFY_PROBLEMS, code) ? FASTIFY_PROBLEMS[code] : undefined;
  if (known !== undefined) return known;
  if (error instanceof SyntaxError) return problem(400, 'MALFORMED_BODY', 'The body cannot be parsed.');
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return problem(statusCode, codeOf(statusCode));
  }
  return problem(500, 'INTERNAL_ERROR');
}

function codeOf(status: number): string {
  return (STATUS_CODES[status] ?? 'BAD_REQUEST').toUpperCase().replace(/[^A-Z]+/g, '_');
}

/** Headers of every answer. */
export function setCommonHeaders(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.headers({
    'x-request-id': request.id,
    'x-content-type-options': 'nosniff',
    // The URL may contain the metrics token.
    'referrer-policy': 'no-referrer',
  });
}

/** Serialised here, because the response schema of the route would drop fields. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, body: Problem): FastifyReply {
  return setCommonHeaders(request, reply)
    .code(body.status)
    .header('cache-control', 'no-store')
    .type(problemMediaType)
    .serializer(String)
    .send(JSON.stringify({ ...body, request_id: request.id }));
}
