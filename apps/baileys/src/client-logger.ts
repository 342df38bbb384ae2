import { type Logger, maskPhone } from '@prosaas/runtime';
import type { UserFacingSocketConfig } from '@whiskeysockets/baileys';

type ClientLogger = NonNullable<UserFacingSocketConfig['logger']>;

/**
 * Writes the client's log lines to our log at DEBUG; the session logs the events that matter. The logged objects hold
 * stanzas, phone numbers and keys, so only the text and an error's message are kept. The level is fixed, so that the
 * client never renders stanzas.
 */
export function clientLogger(log: Logger): ClientLogger {
  const debug = (object: unknown, text?: string): void => {
    log.debug({ client: 'baileys', ...reasonOf(object) }, maskPhone(text ?? textOf(object)).slice(0, 300));
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

const textOf = (object: unknown): string => (typeof object === 'string' ? object : 'baileys');

function reasonOf(object: unknown): { reason?: string } {
  if (typeof object !== 'object' || object === null) return {};
  const { err, error } = object as { err?: unknown; error?: unknown };
  const found = [object, err, error].find((value) => value instanceof Error);
  return found instanceof Error ? { reason: maskPhone(found.message).slice(0, 300) } : {};
}
