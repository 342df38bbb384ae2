import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

/** What becomes of the connection whose reply was swallowed: nothing more is heard on it, or it breaks at once. */
type Swallowing = 'silence' | 'cut';

export interface Proxy extends Disposable {
  readonly port: number;
  /** Loses the answer to the next word that Redis takes. Resolves once Redis had run the script. */
  swallow(how: Swallowing, patienceMs: number): Promise<boolean>;
}

/** Stands between one process and Redis, and loses replies when told to. */
export async function startProxy(upstreamPort: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let armed: { how: Swallowing; landed: (ok: boolean) => void } | undefined;

  const server = createServer((client) => {
    const upstream = connect({ port: upstreamPort, host: '127.0.0.1', noDelay: true });
    client.setNoDelay(true);
    let swallowing: typeof armed;
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
      if (armed && !swallowing && isWord(request)) swallowing = armed;
      upstream.write(request);
    });
    upstream.on('data', (reply) => {
      if (!swallowing) {
        client.write(reply);
        return;
      }
      lost += reply.toString('latin1');
      // The first element of an answer that says that the word was taken.
      if (!lost.startsWith('*5\r\n$2\r\nok')) {
        // Refused, for one because the script is not known: that is no reply worth losing.
        if (lost.length >= 12) {
          client.write(Buffer.from(lost, 'latin1'));
          swallowing = undefined;
          lost = '';
        }
        return;
      }
      if (armed !== swallowing) return;
      armed.landed(true);
      if (armed.how === 'cut') close();
      armed = undefined;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    swallow: (how, patienceMs) =>
      new Promise((resolve) => {
        const giveUp = setTimeout(() => {
          armed = undefined;
          resolve(false);
        }, patienceMs);
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

const isWord = (request: Buffer): boolean => /\beval(sha)?\b/i.test(request.toString('latin1', 0, 64));
