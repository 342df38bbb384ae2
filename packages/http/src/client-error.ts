import type { Duplex } from 'node:stream';
import { type Problem, problem, problemMediaType } from './problem.ts';

/** How long the client has to read the answer and close. A connection that is reset at once can lose the answer. */
const CLOSE_TIMEOUT_MS = 1000;

/** Answers bytes that Node's HTTP parser could not turn into a request. */
export function answerClientError(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET') socket.destroy();
  else endWithProblem(socket, clientProblem(error.code));
}

/** Writes an HTTP answer to a bare socket, where there is no response object, and closes it. */
export function endWithProblem(socket: Duplex, body: Problem): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const text = JSON.stringify(body);
  socket.end(
    [
      `HTTP/1.1 ${body.status} ${body.title}`,
      `Content-Type: ${problemMediaType}`,
      `Content-Length: ${Buffer.byteLength(text)}`,
      'Connection: close',
      '',
      text,
    ].join('\r\n'),
  );
  const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS);
  socket.once('close', () => clearTimeout(timer));
}

function clientProblem(code: string | undefined): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return problem(408, 'REQUEST_TIMEOUT', 'The request took too long to arrive.');
  if (code === 'HPE_HEADER_OVERFLOW') return problem(431, 'HEADERS_TOO_LARGE', 'The headers are too long.');
  return problem(400, 'BAD_REQUEST', 'This is not a valid HTTP request.');
}
