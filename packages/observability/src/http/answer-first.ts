import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { wantsHealthJson } from './accept.ts';
import type { RouteMetrics } from '../instruments/http.ts';

export interface ConstantAnswer {
  readonly type: string;
  readonly body: string;
  /** Where requests are counted. */
  readonly metrics: RouteMetrics | undefined;
}

/**
 * Answers plain requests for constants before the framework sees them: that the process lives depends on no hook, and costs
 * no more than Node itself does (bench/http.bench.ts). Whatever is not plain (a query, another method or form, an id to be
 * traced by, an upgrade, a server that closes) goes on to the route of the same path.
 */
export function answerFirst(server: Server, answers: ReadonlyMap<string, ConstantAnswer>): void {
  const heads = new Map([...answers].map(([path, { type, body }]) => [path, headOf(type, body)]));
  const framework = server.listeners('request') as ((req: IncomingMessage, res: ServerResponse) => void)[];
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const { url = '' } = request;
    const answer = answers.get(url);
    if (answer === undefined || !server.listening || !isPlain(request, answer.type)) {
      for (const listener of framework) listener.call(server, request, response);
      return;
    }
    const began = performance.now();
    answer.metrics?.begin();
    response.writeHead(200, heads.get(url));
    response.end(answer.body);
    answer.metrics?.end(200, (performance.now() - began) / 1000);
  });
}

function headOf(type: string, body: string): string[] {
  const headers = {
    'content-type': type,
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  };
  return Object.entries(headers).flat();
}

/** By the raw headers: Node makes the others when somebody asks for them. */
function isPlain({ method, rawHeaders }: IncomingMessage, type: string): boolean {
  if (method !== 'GET') return false;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length === 6 && name.toLowerCase() === 'accept' && wantsHealthJson(rawHeaders[at + 1], type))
      return false;
    if (name.length === 7 && name.toLowerCase() === 'upgrade') return false;
    if (name.length === 12 && name.toLowerCase() === 'x-request-id') return false;
  }
  return true;
}
