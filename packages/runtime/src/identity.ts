import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

export type ServiceName = 'api' | 'calls' | 'worker' | 'baileys';

/** Identifies this process. A restarted process gets a new identity. */
export interface Identity {
  service: string;
  /** `service:host:8 hex digits` */
  instance: string;
  host: string;
  pid: number;
  startedAt: Date;
}

export function identify(service: string): Identity {
  const host = hostname();
  return {
    service,
    instance: `${service}:${host}:${randomBytes(4).toString('hex')}`,
    host,
    pid: process.pid,
    startedAt: new Date(),
  };
}
