import { randomUUID } from 'node:crypto';
import type { Job, JobsOptions } from 'bullmq';

const traceparent = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** `undefined` for what the specification calls invalid: version ff, ids of zeros, more than it has in version 00. */
export function parseTrace(text: string | undefined): { traceId: string; flags: string } | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] = traceparent.exec(text ?? '') ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  return /^0+$/.test(traceId) || /^0+$/.test(spanId) ? undefined : { traceId, flags };
}

/** From UUIDs, which Node makes by the hundred: randomness by the piece costs more than the rest of a job. */
function randomHex(digits: 16 | 32): string {
  const hex = randomUUID().replaceAll('-', '');
  return digits === 32 ? hex : hex.slice(-digits);
}

/** A span in the trace of `parent`; in a new one, not sampled, where that is none. */
export function childTrace(parent?: string): string {
  const { traceId, flags } = parseTrace(parent) ?? { traceId: randomHex(32), flags: '00' };
  return `00-${traceId}-${randomHex(16)}-${flags}`;
}

/** Where BullMQ keeps what a tracer carries along, in the form of OpenTelemetry's carriers. */
export function telemetryOf(trace: string): NonNullable<JobsOptions['telemetry']> {
  return { metadata: JSON.stringify({ traceparent: trace }) };
}

/** Empty where there is none. */
export function readTrace({ opts }: Pick<Job, 'opts'>): string {
  try {
    const { traceparent: trace } = JSON.parse(opts.telemetry?.metadata ?? '{}') as Record<string, unknown>;
    return typeof trace === 'string' ? trace : '';
  } catch {
    return '';
  }
}
