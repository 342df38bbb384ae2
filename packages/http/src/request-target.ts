import type { IncomingMessage } from 'node:http';
import type { App } from './app-type.ts';
import { endWithProblem } from './client-error.ts';
import { problem, sendProblem } from './problem.ts';

const badTarget = problem(400, 'BAD_REQUEST_TARGET', 'The request line must name a path that begins with /.');
const noWebSocket = problem(404, 'NO_WEBSOCKET', 'There is no WebSocket at this path.');

/** The only path at which a service accepts WebSockets; undefined if it accepts none. */
export type WebSocketPath = string | undefined;

/** `shouldUpgradeCallback` of `http.createServer`. Node handles an upgrade that is not accepted as a plain request. */
export function acceptsUpgrade(webSocketPath: WebSocketPath): (request: IncomingMessage) => boolean {
  return (request) =>
    webSocketPath !== undefined &&
    request.method === 'GET' &&
    requestsWebSocket(request) &&
    pathOf(request) === webSocketPath;
}

/**
 * Refuses request targets that are not a path (RFC 9112, 3.2.2 to 3.2.4). They are meant for proxies, and the host in them must never
 * be taken for ours. Also refuses WebSocket upgrades at other paths. Ignores other protocols in `Upgrade`: Java's client offers h2c
 * with every request.
 */
export function registerTargetChecks(app: App, webSocketPath: WebSocketPath): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.raw.url?.startsWith('/')) {
      sendProblem(request, reply.header('connection', 'close'), badTarget);
    } else if (requestsWebSocket(request.raw) && pathOf(request.raw) !== webSocketPath) {
      sendProblem(request, reply.header('connection', 'close'), noWebSocket);
    } else done();
  });
  app.server.on('connect', (_request, socket) => {
    socket.on('error', () => socket.destroy());
    endWithProblem(socket, badTarget);
  });
}

function requestsWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade !== undefined && /(?:^|,)\s*websocket\s*(?:,|$|\/)/i.test(headers.upgrade);
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/';
}
