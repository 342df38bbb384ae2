import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  /** Open connections, without WebSockets: whoever accepts those limits them. */
  connections: number;
  /** Unanswered requests on one connection. Current clients send the next one only after the answer. */
  pipelined: number;
  /** Without it the server gets no `upgrade` listener: Node before 24.9 accepts every upgrade once there is one. */
  acceptsUpgrades?: boolean;
}

export interface LimitedConnections {
  /** Whether the request's connection was closed for pipelining too many. Node still emits the requests that it has already read. */
  isDropped(request: IncomingMessage): boolean;
  /**
   * Closes connections that wait for no answer at once, and the others after their answer. `server.close()` closes only connections
   * that are idle after a request; browsers also open some on which they never send one.
   */
  close(): void;
}

/**
 * Limits how many connections clients can hold open. A connection over the limit closes the least recently used one that has no
 * request in progress, so connections that stay silent cannot lock out others.
 */
export function limitConnections(server: Server, limits: ConnectionLimits): LimitedConnections {
  /** Least recently used first, each with its unanswered requests. */
  const open = new Map<Socket, Set<ServerResponse>>();
  const dropped = new WeakSet<Socket>();
  let isClosing = false;

  server.on('connection', (socket: Socket) => {
    open.set(socket, new Set());
    socket.once('close', () => open.delete(socket));
    if (isClosing) socket.destroy();
    if (open.size > limits.connections) leastRecentlyUsed().destroy();
  });
  server.prependListener('request', (request, response) => {
    const { socket } = request;
    const unanswered = open.get(socket);
    if (unanswered === undefined) return;
    open.delete(socket);
    open.set(socket, unanswered);
    unanswered.add(response);
    response.once('close', () => {
      unanswered.delete(response);
      if (isClosing && unanswered.size === 0) socket.destroySoon();
    });
    if (unanswered.size > limits.pipelined) {
      dropped.add(socket);
      socket.destroy();
    }
  });
  if (limits.acceptsUpgrades === true) server.on('upgrade', (request) => open.delete(request.socket));
  return {
    isDropped: ({ socket }) => dropped.has(socket),
    close() {
      isClosing = true;
      for (const [socket, unanswered] of open) if (unanswered.size === 0) socket.destroy();
    },
  };

  /** The newest connection if all others have a request in progress. */
  function leastRecentlyUsed(): Socket {
    let last!: Socket;
    for (const [socket, unanswered] of open) {
      last = socket;
      if (![...unanswered].some(isInProgress)) return socket;
    }
    return last;
  }
}

/** The whole request has arrived and the answer is not complete: the server, not the client, has to act next. */
function isInProgress(response: ServerResponse): boolean {
  return response.req.complete && !response.writableEnded;
}
