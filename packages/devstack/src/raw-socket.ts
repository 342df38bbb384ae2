import { once } from 'node:events';
import { type Socket, connect } from 'node:net';

/** A TCP connection for invalid requests, which an HTTP client would not send. It keeps everything it receives. */
export interface RawSocket {
  socket: Socket;
  /** Everything received so far. */
  answer: string;
  /** Resolves when the server has closed the connection. */
  closed: Promise<void>;
}

export function openRaw(url: string): RawSocket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const raw: RawSocket = {
    socket,
    answer: '',
    closed: new Promise((resolve) => socket.once('close', () => resolve())),
  };
  socket.on('data', (data) => (raw.answer += data.toString('latin1')));
  // These tests expect the server to cut the connection.
  socket.on('error', () => {});
  return raw;
}

export function upgradeRequest(path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: desk.example',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '\r\n',
  ].join('\r\n');
}

/** Requests a WebSocket. `status` is the first line of the answer. */
export async function openUpgrade(url: string, path: string): Promise<RawSocket & { status: string }> {
  const raw = openRaw(url);
  raw.socket.write(upgradeRequest(path));
  await Promise.race([once(raw.socket, 'data'), raw.closed]);
  return Object.assign(raw, { status: raw.answer.split('\r\n', 1)[0] ?? '' });
}

/** Everything that the server answers until it closes the connection. */
export async function askRaw(url: string, request: string): Promise<string> {
  const raw = openRaw(url);
  raw.socket.write(request);
  await raw.closed;
  return raw.answer;
}
