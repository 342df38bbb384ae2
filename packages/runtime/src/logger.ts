import {
  type DestinationStream,
  type Logger as PinoLogger,
  destination as openDestination,
  pino,
} from 'pino';
import pretty from 'pino-pretty';
import { type LogLevel, parseLogLevel } from './log-level.ts';
import { describeError, redactLine, scrub } from './redact.ts';

export type Logger = PinoLogger;

export interface LoggerOptions {
  service: string;
  instance: string;
  level: string;
  /** Text for people instead of JSON. */
  pretty?: boolean;
  destination?: DestinationStream;
}

/** JSON lines: `level` as a name, `time` ISO 8601, `service`, `instance`; no token, no secret, no key material. */
export function createLogger({
  service,
  instance,
  level,
  pretty: forPeople = false,
  destination,
}: LoggerOptions): Logger {
  const children = new Set<WeakRef<PinoLogger>>();
  const collected = new FinalizationRegistry<WeakRef<PinoLogger>>((ref) => void children.delete(ref));
  const log = pino(
    {
      level: parseLogLevel(level),
      base: { service, instance },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: {
        level: (label) => ({ level: label }),
        log: scrubFields,
      },
      serializers: { req: serializeRequest, res: serializeReply, err: serializeError, error: serializeError },
      hooks: { streamWrite: redactLine },
      onChild: (child) => {
        const ref = new WeakRef<PinoLogger>(child);
        children.add(ref);
        collected.register(child, ref);
      },
    },
    destination ??
      (forPeople ? pretty({ destination: 1, sync: true, ignore: 'pid,hostname' }) : standardOutput()),
  );
  childrenOf.set(log, children);
  return log;
}

/** A pino child takes its parent's level when it is created and keeps it, so `setLogLevel` has to know the children. */
const childrenOf = new WeakMap<Logger, ReadonlySet<WeakRef<Logger>>>();

/** Sets the level of a logger from `createLogger` and of all its descendants. */
export function setLogLevel(log: Logger, level: LogLevel): void {
  log.level = level;
  for (const child of childrenOf.get(log) ?? []) {
    const logger = child.deref();
    if (logger !== undefined) logger.level = level;
  }
}

function standardOutput(): DestinationStream {
  const stream = openDestination({ fd: 1, sync: true });
  // Without a listener, a closed reader (EPIPE) would turn each line into an uncaught exception, which would be logged in turn.
  stream.on('error', () => {});
  return stream;
}

interface RequestLike {
  id?: unknown;
  method?: unknown;
  url?: unknown;
}

// Fastify's own lines contain the request, whose query may hold a token.
function serializeRequest(request: RequestLike): unknown {
  return { id: request.id, method: request.method, path: String(request.url).split('?')[0] };
}

function serializeReply(reply: { statusCode?: unknown }): unknown {
  return { status: reply.statusCode };
}

function serializeError(error: unknown): unknown {
  return error instanceof Error ? describeError(error) : scrub(error);
}

function scrubFields(fields: Record<string, unknown>): Record<string, unknown> {
  const { req, res, ...others } = fields;
  const copy = scrub(others) as Record<string, unknown>;
  if (req !== undefined) copy['req'] = req;
  if (res !== undefined) copy['res'] = res;
  return copy;
}
