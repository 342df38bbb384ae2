import { createServer } from 'node:net';

/** Whether something could listen on the port of every address just now. */
export async function isPortFree(port: number): Promise<boolean> {
  for (const host of ['0.0.0.0', '127.0.0.1']) {
    if (!(await canListen(port, host))) return false;
  }
  return true;
}

/** Ports that this process has handed out; the kernel may offer one again before its user listens. */
const given = new Set<number>();

export async function freePort(): Promise<number> {
  for (;;) {
    const port = await listenOnce(0, '127.0.0.1');
    if (port !== undefined && !given.has(port) && (await isPortFree(port))) {
      given.add(port);
      return port;
    }
  }
}

async function canListen(port: number, host: string): Promise<boolean> {
  return (await listenOnce(port, host)) !== undefined;
}

function listenOnce(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}
