import { readFileSync, readdirSync } from 'node:fs';
import { type Socket, connect } from 'node:net';

const CONNECTIONS = 32;

/** Keep-alive connections that request one path. Each sends its next request when it has the answer. */
export class Load implements Disposable {
  #sockets: Socket[];
  #request: Buffer;

  private constructor(sockets: Socket[], url: URL) {
    this.#sockets = sockets;
    this.#request = Buffer.from(
      `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: keep-alive\r\n\r\n`,
    );
  }

  static async open(url: URL): Promise<Load> {
    const sockets = await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        const socket = connect(Number(url.port), url.hostname).setNoDelay();
        await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
        return socket;
      }),
    );
    return new Load(sockets, url);
  }

  /** Sends `total` requests. Throws when an answer is not 200, or a connection was closed. */
  async send(total: number): Promise<void> {
    let left = total;
    await Promise.all(
      this.#sockets.map(
        (socket) =>
          new Promise<void>((resolve, reject) => {
            const next = (): void => {
              if (left-- > 0) {
                socket.write(this.#request);
              } else {
                socket.off('data', onData).off('close', onClose);
                resolve();
              }
            };
            // Answers are short, so each arrives in one chunk.
            const onData = (data: Buffer): void => {
              if (data.toString('latin1', 9, 12) === '200') next();
              else reject(new Error(`answered ${data.toString('latin1', 0, 60)}`));
            };
            const onClose = (): void => reject(new Error('the connection was closed'));
            if (socket.closed) onClose();
            socket.on('data', onData).on('close', onClose);
            next();
          }),
      ),
    );
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** CPU time in nanoseconds that a process and its threads have used (Linux). */
export function cpuOf(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.reduce((sum, task) => {
    try {
      return sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      return sum;
    }
  }, 0);
}
