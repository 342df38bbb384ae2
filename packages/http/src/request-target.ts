import type { IncomingMessage } from 'node:http';
import type { App } from './app.ts';
import { endWithProblem } from './client-error.ts';
import { problem, sendProblem } from './problem.ts';

const badTarget = problem(400, 'BAD_REQUEST_TARGET', 'The request line must name a path that begins with /');
const noWebSocket = problem(404, 'NO_WEBSOCKET', 'There is no WebSocket at this path');

/** The one path of a service at which an upgrade to WebSocket is accepted; the others have none. */
export type WebSocketPath = string | undefined;

/** For `http.createServer`. An upgrade that is not accepted is answered as a plain request. */
export function acceptsUpgrade(webSocketPath: WebSocketPath): (request: IncomingMessage) => boolean {
  return (request) =>
    webSocketPath !== undefined &&
    request.method === 'GET' &&
    asksForWebSocket(request) &&
    pathOf(request) === webSocketPath;
}

/**
 * Refuses request lines that are no path (RFC 9112, 3.2.2 to 3.2.4: they are for proxies, and the host in them must never
 * be taken for ours), and asks for a WebSocket where there is none. Other protocols in `Upgrade` are passed over: Java's client
 * offers h2c with every request.
 */
export function mountTargetRules(app: App, webSocketPath: WebSocketPath): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.raw.url?.startsWith('/')) {
      sendProblem(request, reply.header('connection', 'close'), badTarget);
    } else if (asksForWebSocket(request.raw) && pathOf(request.raw) !== webSocketPath) {
      sendProblem(request, reply.header('connection', 'close'), noWebSocket);
    } else done();
  });
  app.server.on('connect', (_request, socket) => {
    socket.on('error', () => socket.destroy());
    endWithProblem(socket, badTarget);
  });
}

function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade !== undefined && /(?:^|,)\s*websocket\s*(?:,|$|\/)/i.test(headers.upgrade);
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/';
}
