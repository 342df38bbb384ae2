/** States of a Nagios plugin. */
export type Level = 'OK' | 'WARNING' | 'CRITICAL' | 'UNKNOWN';

export interface Finding {
  level: Exclude<Level, 'OK'>;
  /** One or two words. */
  subject: string;
  /** What is wrong and what to do, in one line. */
  text: string;
}

/** A value above `warning` is a warning, one above `critical` is critical. */
export interface Limits {
  warning: number;
  critical: number;
}
