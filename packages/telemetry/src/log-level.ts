import type { ServiceSetting } from '@prosaas/observability';
import { type LogLevel, type Logger, logLevelName, parseLogLevel, setLogLevel } from '@prosaas/runtime';

/** Longest delay of a Node timer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface LogLevelSwitch extends Disposable {
  /** Applies the level that is set for all replicas of the service; undefined if none is set. */
  apply(setting: ServiceSetting | undefined): void;
}

/**
 * Applies the log level that is set for all replicas of a service, and restores the logger's own level when the setting expires. A
 * timer does this even while Redis is away. The change and its end are logged whatever the level is.
 */
export function followLogLevel(log: Logger): LogLevelSwitch {
  const own = log.level as LogLevel;
  let end: NodeJS.Timeout | undefined;

  const changeLevel = (level: LogLevel, fields: object, text: string): void => {
    const previous = log.level as LogLevel;
    if (previous === level) return;
    log.level = 'info';
    log.info({ log_level: logLevelName(level), was: logLevelName(previous), ...fields }, text);
    setLogLevel(log, level);
  };
  const restore = (): void => {
    clearTimeout(end);
    changeLevel(own, {}, 'the log level is that of LOG_LEVEL again');
  };

  return {
    apply(setting) {
      if (setting === undefined) return restore();
      const level = parseLogLevel(setting.value);
      clearTimeout(end);
      end = setTimeout(restore, Math.min(Math.max(setting.ttlMs, 1), MAX_TIMER_MS)).unref();
      changeLevel(
        level,
        { seconds: Math.round(setting.ttlMs / 1000) },
        'the log level is changed for a while',
      );
    },
    [Symbol.dispose]: () => clearTimeout(end),
  };
}
