import type { Duplex } from 'node:stream';
import { type Problem, problem, problemMediaType } from './problem.ts';

/** For the client to read the answer and close; at once, what it still sends would make it lose the answer. */
const closingMs = 1000;

/** For bytes that never became a request: the parser gave up, so the answer is written by hand. */
export function answerClientError(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET') socket.destroy();
  else endWithProblem(socket, clientProblem(error.code));
}

/** Answers on the bare connection and closes it. */
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
  const cutOff = setTimeout(() => socket.destroy(), closingMs);
  socket.once('close', () => clearTimeout(cutOff));
}

function clientProblem(code: string | undefined): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return problem(408, 'REQUEST_TIMEOUT', 'The request took too long to arrive');
  if (code === 'HPE_HEADER_OVERFLOW') return problem(431, 'HEADERS_TOO_LARGE', 'The headers are too long');
  return problem(400, 'BAD_REQUEST', 'This is not a request that HTTP knows');
}
