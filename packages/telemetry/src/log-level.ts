import type { ServiceSetting } from '@prosaas/observability';
import { type LogLevel, type Logger, logLevelName, parseLogLevel, setLogLevel } from '@prosaas/runtime';

/** The longest that a timer takes. */
const LONGEST_MS = 2 ** 31 - 1;

export interface LogLevelSwitch extends Disposable {
  /** What all replicas of the service were told last: the name of a level, or nothing. */
  heard(setting: ServiceSetting | undefined): void;
}

/**
 * Gives a service's logger the level that its replicas were told, and its own again when the time of that is over: also when that
 * happens while Redis is away, by a timer. A change and its end are a line each, whatever the level.
 */
export function followLogLevel(log: Logger): LogLevelSwitch {
  const own = log.level as LogLevel;
  let end: NodeJS.Timeout | undefined;

  const become = (level: LogLevel, fields: object, text: string): void => {
    const was = log.level as LogLevel;
    if (was === level) return;
    log.level = 'info';
    log.info({ log_level: logLevelName(level), was: logLevelName(was), ...fields }, text);
    setLogLevel(log, level);
  };
  const restore = (): void => {
    clearTimeout(end);
    become(own, {}, 'the log level is that of LOG_LEVEL again');
  };

  return {
    heard(setting) {
      if (setting === undefined) return restore();
      const level = parseLogLevel(setting.value);
      clearTimeout(end);
      end = setTimeout(restore, Math.min(Math.max(setting.ttlMs, 1), LONGEST_MS)).unref();
      become(level, { seconds: Math.round(setting.ttlMs / 1000) }, 'the log level is changed for a while');
    },
    [Symbol.dispose]: () => clearTimeout(end),
  };
}
