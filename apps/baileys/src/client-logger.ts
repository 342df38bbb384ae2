import { type Logger, maskPhone } from '@prosaas/runtime';
import type { UserFacingSocketConfig } from '@whiskeysockets/baileys';

type ClientLogger = NonNullable<UserFacingSocketConfig['logger']>;

/**
 * Writes the client's log lines to our log at DEBUG; the session logs what they mean for it, once. Their objects hold stanzas, phone
 * numbers and keys, so only the text and the message of an error are kept. The client's level is fixed, so that it never renders stanzas.
 */
export function clientLogger(log: Logger): ClientLogger {
  const debug = (given: unknown, text?: string): void => {
    log.debug({ client: 'baileys', ...reasonOf(given) }, maskPhone(text ?? textOf(given)).slice(0, 300));
  };
  const logger: ClientLogger = {
    level: 'info',
    child: () => logger,
    trace: () => {},
    debug: () => {},
    info: debug,
    warn: debug,
    error: debug,
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
