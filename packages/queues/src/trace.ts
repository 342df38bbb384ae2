import { randomUUID } from 'node:crypto';
import type { Job, JobsOptions } from 'bullmq';

const traceparent = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Undefined if the specification calls it invalid: version ff, ids of zeros, or additional fields in version 00. */
export function parseTrace(text: string | undefined): { traceId: string; flags: string } | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] = traceparent.exec(text ?? '') ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  return /^0+$/.test(traceId) || /^0+$/.test(spanId) ? undefined : { traceId, flags };
}

/** Uses UUIDs because Node buffers their randomness: `randomBytes` costs more than the rest of a job. */
function randomHex(digits: 16 | 32): string {
  const hex = randomUUID().replaceAll('-', '');
  return digits === 32 ? hex : hex.slice(-digits);
}

/** Starts a span in the trace of `parent`, or in a new, unsampled trace if there is no valid parent. */
export function childTrace(parent?: string): string {
  const { traceId, flags } = parseTrace(parent) ?? { traceId: randomHex(32), flags: '00' };
  return `00-${traceId}-${randomHex(16)}-${flags}`;
}

/** BullMQ's field for a tracer's context, as an OpenTelemetry carrier. */
export function telemetryOf(trace: string): NonNullable<JobsOptions['telemetry']> {
  return { metadata: JSON.stringify({ traceparent: trace }) };
}

/** Empty if the job has no trace. */
export function readTrace({ opts }: Pick<Job, 'opts'>): string {
  try {
    const { traceparent: trace } = JSON.parse(opts.telemetry?.metadata ?? '{}') as Record<string, unknown>;
    return typeof trace === 'string' ? trace : '';
  } catch {
    return '';
  }
}
