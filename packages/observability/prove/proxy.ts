import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

/** What happens to the connection after the lost reply: it stays silent, or it is closed. */
type DropMode = 'silence' | 'cut';

export interface Proxy extends Disposable {
  readonly port: number;
  /** Loses the reply to the next request that Redis stores. Resolves once Redis has run the script. */
  dropReply(how: DropMode, timeoutMs: number): Promise<boolean>;
}

/** A proxy between one process and Redis that can lose replies. */
export async function startProxy(upstreamPort: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let armed: { how: DropMode; landed: (ok: boolean) => void } | undefined;

  const server = createServer((client) => {
    const upstream = connect({ port: upstreamPort, host: '127.0.0.1', noDelay: true });
    client.setNoDelay(true);
    let dropping: typeof armed;
    let lost = '';
    const close = (): void => {
      client.destroy();
      upstream.destroy();
      sockets.delete(client);
      sockets.delete(upstream);
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', close).on('close', close);
    }
    client.on('data', (request) => {
      if (armed && !dropping && isScriptCall(request)) dropping = armed;
      upstream.write(request);
    });
    upstream.on('data', (reply) => {
      if (!dropping) {
        client.write(reply);
        return;
      }
      lost += reply.toString('latin1');
      // The beginning of a reply with the status `ok`.
      if (!lost.startsWith('*5\r\n$2\r\nok')) {
        // Any other reply, for example because the script is not known, is passed on.
        if (lost.length >= 12) {
          client.write(Buffer.from(lost, 'latin1'));
          dropping = undefined;
          lost = '';
        }
        return;
      }
      if (armed !== dropping) return;
      armed.landed(true);
      if (armed.how === 'cut') close();
      armed = undefined;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    dropReply: (how, timeoutMs) =>
      new Promise((resolve) => {
        const giveUp = setTimeout(() => {
          armed = undefined;
          resolve(false);
        }, timeoutMs);
        const landed = (ok: boolean): void => {
          clearTimeout(giveUp);
          resolve(ok);
        };
        armed = { how, landed };
      }),
    [Symbol.dispose]: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const isScriptCall = (request: Buffer): boolean => /\beval(sha)?\b/i.test(request.toString('latin1', 0, 64));
