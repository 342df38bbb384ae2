export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

const levels: Readonly<Record<string, LogLevel>> = {
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

/** Names of the manual first, then pino's own that differ from them. */
const valid = 'DEBUG, INFO, WARNING, ERROR, CRITICAL (or trace, warn, fatal, silent)';

const names: Readonly<Record<LogLevel, string>> = {
  trace: 'TRACE',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
  silent: 'SILENT',
};

/** As `LOG_LEVEL` names them, the most talkative first. */
export const logLevelNames: readonly string[] = Object.values(names);

export function logLevelName(level: LogLevel): string {
  return names[level];
}

/** Reads a level in any case; throws an error that lists the valid ones. */
export function parseLogLevel(text: string): LogLevel {
  const name = text.trim().toLowerCase();
  const level = Object.hasOwn(levels, name) ? levels[name] : undefined;
  if (level === undefined) throw new RangeError(`must be one of ${valid}, not ${JSON.stringify(text)}`);
  return level;
}
