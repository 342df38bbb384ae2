export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

const LEVELS: Readonly<Record<string, LogLevel>> = {
  debug: 'debug',
  info: 'info',
  warning: 'warn',
  error: 'error',
  critical: 'fatal',
  trace: 'trace',
  warn: 'warn',
  fatal: 'fatal',
  silent: 'silent',
};

/** The documented names first, then pino's own where they differ. */
const VALID_NAMES = 'DEBUG, INFO, WARNING, ERROR, CRITICAL (or trace, warn, fatal, silent)';

const NAMES: Readonly<Record<LogLevel, string>> = {
  trace: 'TRACE',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
  silent: 'SILENT',
};

/** As `LOG_LEVEL` names them, the most verbose first. */
export const logLevelNames: readonly string[] = Object.values(NAMES);

export function logLevelName(level: LogLevel): string {
  return NAMES[level];
}

/** Reads a level in any case; throws an error that lists the valid ones. */
export function parseLogLevel(text: string): LogLevel {
  const name = text.trim().toLowerCase();
  const level = Object.hasOwn(LEVELS, name) ? LEVELS[name] : undefined;
  if (level === undefined) throw new RangeError(`must be one of ${VALID_NAMES}, not ${JSON.stringify(text)}`);
  return level;
}
