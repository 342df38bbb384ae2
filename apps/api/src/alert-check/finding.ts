/** The states of a Nagios plugin. */
export type Level = 'OK' | 'WARNING' | 'CRITICAL' | 'UNKNOWN';

export interface Finding {
  level: Exclude<Level, 'OK'>;
  /** What it is about, in a word or two. */
  subject: string;
  /** What is wrong and what to do, on one line. */
  text: string;
}

/** More than `warning` is a warning, more than `critical` is critical. */
export interface Limits {
  warning: number;
  critical: number;
}
