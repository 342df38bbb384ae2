import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { wantsHealthJson } from './accept.ts';
import type { RouteMetrics } from '../instruments/http.ts';

export interface ConstantResponse {
  readonly type: string;
  readonly body: string;
  /** Counts the requests; `undefined` when the app is not instrumented. */
  readonly metrics: RouteMetrics | undefined;
}

/**
 * Answers plain requests for constant responses before the framework sees them, so that liveness depends on no hook and costs what Node
 * itself costs (bench/http.bench.ts). Any other request goes to the route of the same path: one with a query, another method or content
 * type, an `x-request-id`, an upgrade, or one to a server that is closing.
 *
 * @param responses by path
 */
export function answerBeforeHooks(server: Server, responses: ReadonlyMap<string, ConstantResponse>): void {
  const heads = new Map([...responses].map(([path, { type, body }]) => [path, headOf(type, body)]));
  const framework = server.listeners('request') as ((req: IncomingMessage, res: ServerResponse) => void)[];
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const { url = '' } = request;
    const constant = responses.get(url);
    if (constant === undefined || !server.listening || !isPlain(request, constant.type)) {
      for (const listener of framework) listener.call(server, request, response);
      return;
    }
    const startedAt = performance.now();
    constant.metrics?.begin();
    response.writeHead(200, heads.get(url));
    response.end(constant.body);
    constant.metrics?.end(200, (performance.now() - startedAt) / 1000);
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

/** Reads the raw headers, because Node builds `headers` only on first access. */
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
