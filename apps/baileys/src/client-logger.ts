import { type Logger, maskPhone } from '@prosaas/runtime';
import type { UserFacingSocketConfig } from '@whiskeysockets/baileys';

type ClientLogger = NonNullable<UserFacingSocketConfig['logger']>;

/**
 * The client's log lines among ours, a level lower and without their objects, which hold stanzas, phone numbers and keys:
 * only the text and the message of an error are kept. Its level is fixed, so that it never renders stanzas.
 */
export function clientLogger(log: Logger): ClientLogger {
  const line = (write: (fields: object, text: string) => void) => (given: unknown, text?: string) => {
    write({ client: 'baileys', ...reasonOf(given) }, maskPhone(text ?? textOf(given)).slice(0, 300));
  };
  const logger: ClientLogger = {
    level: 'info',
    child: () => logger,
    trace: () => {},
    debug: () => {},
    info: line((fields, text) => log.debug(fields, text)),
    warn: line((fields, text) => log.debug(fields, text)),
    error: line((fields, text) => log.info(fields, text)),
  };
  return logger;
}

const textOf = (given: unknown): string => (typeof given === 'string' ? given : 'baileys');

function reasonOf(given: unknown): { reason?: string } {
  if (typeof given !== 'object' || given === null) return {};
  const { err, error } = given as { err?: unknown; error?: unknown };
  const found = [given, err, error].find((value) => value instanceof Error);
  return found instanceof Error ? { reason: maskPhone(found.message).slice(0, 300) } : {};
}
