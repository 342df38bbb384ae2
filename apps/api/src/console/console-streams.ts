import type { ServerResponse } from 'node:http';
import { AppError } from '@prosaas/runtime';
import type { Update } from './live-scope.ts';

/** Per process. The HTTP server accepts 1000 connections. */
const MAX_STREAMS = 500;
/** A page that reads too slowly is disconnected at this backlog. It reconnects and gets the current state. */
const MAX_BACKLOG_BYTES = 131_072;
/** How long a page has to read the end of its stream. */
const END_TIMEOUT_MS = 1000;

/** Server-sent events to one page. */
export class ConsoleStream {
  readonly #response: ServerResponse;
  readonly #endListeners: (() => void)[] = [];
  #isEnded = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    const finish = (): void => {
      this.#isEnded = true;
      for (const listener of this.#endListeners.splice(0)) listener();
    };
    response.once('close', finish);
    // The page left during a write.
    response.on('error', finish);
    if (response.destroyed) finish();
    if (this.#isEnded) return;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // server.close() waits for keep-alive connections.
      connection: 'close',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    });
    response.write('retry: 2000\n\n');
  }

  state({ id, data }: Update): void {
    this.#write(`id: ${id}\nevent: state\ndata: ${data}\n\n`);
  }

  send(event: string, data = ''): void {
    this.#write(`event: ${event}\ndata: ${data}\n\n`);
  }

  /** Calls the listener at once if the stream has ended. */
  onEnd(listener: () => void): void {
    if (this.#isEnded) listener();
    else this.#endListeners.push(listener);
  }

  /** @param event sent before the end */
  end(event?: string): void {
    if (this.#isEnded || this.#response.writableEnded) return;
    if (event !== undefined) this.send(event);
    this.#response.end();
    setTimeout(() => this.#response.destroy(), END_TIMEOUT_MS).unref();
  }

  #write(text: string): void {
    if (this.#isEnded || this.#response.writableEnded) return;
    if (this.#response.writableLength > MAX_BACKLOG_BYTES) this.#response.destroy();
    else this.#response.write(text);
  }
}

/** The event streams of open pages. */
export class ConsoleStreams {
  readonly #open = new Set<ConsoleStream>();
  #ended = false;

  /** @throws TooManyStreams */
  requireRoom(): void {
    if (this.#ended || this.#open.size >= MAX_STREAMS) throw new TooManyStreams();
  }

  add(stream: ConsoleStream): void {
    this.#open.add(stream);
    stream.onEnd(() => this.#open.delete(stream));
  }

  /** Ends all streams and accepts no new ones: server.close() waits for open streams. */
  end(): void {
    this.#ended = true;
    for (const stream of this.#open) stream.end();
  }
}

class TooManyStreams extends AppError {
  override code = 'TOO_MANY_STREAMS';
  override status = 503;
  override retryable = true;

  constructor() {
    super(`This replica takes no more open pages: it has ${MAX_STREAMS}, or shuts down.`);
  }
}
