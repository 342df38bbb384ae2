import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

/** A proxy for Redis. While `deaf`, it keeps connections open but drops all replies to connections that wait for jobs. */
export interface DeafProxy extends Disposable {
  readonly port: number;
  deaf: boolean;
}

export async function startDeafProxy(upstreamPort: number): Promise<DeafProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(upstreamPort, '127.0.0.1');
    let waitsForJobs = false;
    const close = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', close).on('close', close);
    }
    client.on('data', (request) => {
      waitsForJobs ||= /bzpopmin/i.test(request.toString('latin1'));
      upstream.write(request);
    });
    upstream.on('data', (answer) => {
      if (!proxy.deaf || !waitsForJobs) client.write(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: DeafProxy = {
    port: (server.address() as AddressInfo).port,
    deaf: false,
    [Symbol.dispose]: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  return proxy;
}
