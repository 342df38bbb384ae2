import type { ServerResponse } from 'node:http';
import { AppError } from '@prosaas/runtime';
import type { Update } from './live-scope.ts';

/** Of this process; the listener takes 1000 connections. */
const MOST_STREAMS = 500;
/** What a page that reads too slowly leaves unread, in bytes; it connects anew and is sent the rest at once. */
const MOST_UNREAD = 131_072;
/** For the last words to a page that does not read. */
const END_MS = 1000;

/** Server-sent events to one page. */
export class ConsoleStream {
  readonly #response: ServerResponse;
  readonly #endings: (() => void)[] = [];
  #isOver = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    const over = (): void => {
      this.#isOver = true;
      for (const ending of this.#endings.splice(0)) ending();
    };
    response.once('close', over);
    // A page that went while it was written to.
    response.on('error', over);
    if (response.destroyed) over();
    if (this.#isOver) return;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // A listener that closes waits for connections that are kept.
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

  /** At once where it is over already. */
  onEnd(ending: () => void): void {
    if (this.#isOver) ending();
    else this.#endings.push(ending);
  }

  /** With a last event, if there is one to be sent. */
  end(event?: string): void {
    if (this.#isOver || this.#response.writableEnded) return;
    if (event !== undefined) this.send(event);
    this.#response.end();
    setTimeout(() => this.#response.destroy(), END_MS).unref();
  }

  #write(text: string): void {
    if (this.#isOver || this.#response.writableEnded) return;
    if (this.#response.writableLength > MOST_UNREAD) this.#response.destroy();
    else this.#response.write(text);
  }
}

/** The event streams of open pages. */
export class ConsoleStreams {
  readonly #open = new Set<ConsoleStream>();
  #ended = false;

  /** @throws TOO_MANY_STREAMS */
  requireRoom(): void {
    if (this.#ended || this.#open.size >= MOST_STREAMS) throw new TooManyStreams();
  }

  add(stream: ConsoleStream): void {
    this.#open.add(stream);
    stream.onEnd(() => this.#open.delete(stream));
  }

  /** Before the listener closes, which waits for them otherwise. No more are taken. */
  end(): void {
    this.#ended = true;
    for (const stream of this.#open) stream.end();
  }
}

class TooManyStreams extends AppError {
  constructor() {
    super(`This replica takes no more open pages: it has ${MOST_STREAMS}, or shuts down.`, {
      status: 503,
      code: 'TOO_MANY_STREAMS',
      retryable: true,
    });
  }
}
