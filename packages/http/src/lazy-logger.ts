import type { FastifyBaseLogger, FastifyServerOptions } from 'fastify';

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
type Child = FastifyBaseLogger['child'];

/**
 * A request's logger, created when it writes its first line. Most requests, above all probes, write none, and creating a pino child
 * costs a microsecond.
 */
class LazyLogger {
  #parent: FastifyBaseLogger;
  #arguments: Parameters<Child>;
  #child: FastifyBaseLogger | undefined;

  constructor(parent: FastifyBaseLogger, ...args: Parameters<Child>) {
    this.#parent = parent;
    this.#arguments = args;
  }

  get #logger(): FastifyBaseLogger {
    return (this.#child ??= this.#parent.child(...this.#arguments));
  }

  get level(): string {
    return this.#logger.level;
  }

  set level(level: string) {
    this.#logger.level = level;
  }

  child(...args: Parameters<Child>): FastifyBaseLogger {
    return this.#logger.child(...args);
  }

  fatal(...args: unknown[]): void {
    this.#write('fatal', args);
  }

  error(...args: unknown[]): void {
    this.#write('error', args);
  }

  warn(...args: unknown[]): void {
    this.#write('warn', args);
  }

  info(...args: unknown[]): void {
    this.#write('info', args);
  }

  debug(...args: unknown[]): void {
    this.#write('debug', args);
  }

  trace(...args: unknown[]): void {
    this.#write('trace', args);
  }

  silent(): void {}

  #write(level: Level, args: unknown[]): void {
    Reflect.apply(this.#logger[level], this.#logger, args);
  }
}

export const lazyChildLogger: NonNullable<FastifyServerOptions['childLoggerFactory']> = (
  logger,
  bindings,
  options,
) => new LazyLogger(logger, bindings, options);
