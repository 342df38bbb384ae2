import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  /** Open connections; WebSockets are counted by whoever accepts them. */
  connections: number;
  /** Requests of one connection that were not answered yet: clients of today send the next one after the answer. */
  pipelined: number;
  /** Without it no upgrade is listened for: a Node before 24.9 accepts every upgrade as soon as somebody listens. */
  acceptsUpgrades?: boolean;
}

export interface LimitedConnections {
  /**
   * Whether a request is to be dropped: its connection had too many, and was closed. Node still parses what it has read of them.
   */
  isDropped(request: IncomingMessage): boolean;
  /**
   * Closes those that wait for no answer, and the others once they have it. A server that closes does so only with connections that
   * had a request and are unused at that moment; browsers also open some that never have one.
   */
  close(): void;
}

/**
 * Bounds what strangers hold open. One connection too many costs the longest unused one its place, unless a request of it is being
 * worked on: whoever connects and says nothing keeps nobody out.
 */
export function limitConnections(server: Server, limits: ConnectionLimits): LimitedConnections {
  /** The longest unused first. */
  const open = new Map<Socket, Set<ServerResponse>>();
  const cutOff = new WeakSet<Socket>();
  let isClosing = false;

  server.on('connection', (socket: Socket) => {
    open.set(socket, new Set());
    socket.once('close', () => open.delete(socket));
    if (isClosing) socket.destroy();
    if (open.size > limits.connections) longestUnused().destroy();
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
      cutOff.add(socket);
      socket.destroy();
    }
  });
  if (limits.acceptsUpgrades === true) server.on('upgrade', (request) => open.delete(request.socket));
  return {
    isDropped: ({ socket }) => cutOff.has(socket),
    close() {
      isClosing = true;
      for (const [socket, unanswered] of open) if (unanswered.size === 0) socket.destroy();
    },
  };

  function longestUnused(): Socket {
    let last!: Socket;
    for (const [socket, unanswered] of open) {
      last = socket;
      if (![...unanswered].some(isWorkedOn)) return socket;
    }
    return last;
  }
}

/** Its request has arrived, and the answer is not complete: neither waits for the client. */
function isWorkedOn(response: ServerResponse): boolean {
  return response.req.complete && !response.writableEnded;
}
