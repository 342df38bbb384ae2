import { expect, test } from 'vitest';
import { childTrace, readTrace, parseTrace, telemetryOf } from './trace.ts';

const trace = '0af7651916cd43dd8448eb211c80319c';

// The examples of the specification: https://www.w3.org/TR/trace-context/#examples-of-http-traceparent-headers
test.each([
  [`00-${trace}-b7ad6b7169203331-01`, { traceId: trace, flags: '01' }],
  [`00-${trace}-b7ad6b7169203331-00`, { traceId: trace, flags: '00' }],
  [`cc-${trace}-b7ad6b7169203331-01-what-the-future-brings`, { traceId: trace, flags: '01' }],
  [`00-${trace}-b7ad6b7169203331-01-what-the-future-brings`, undefined],
  [`ff-${trace}-b7ad6b7169203331-01`, undefined],
  [`00-00000000000000000000000000000000-b7ad6b7169203331-01`, undefined],
  [`00-${trace}-0000000000000000-01`, undefined],
  [`00-${trace.toUpperCase()}-b7ad6b7169203331-01`, undefined],
  ['', undefined],
  [undefined, undefined],
])('parses the traceparent %s as %o', (text, read) => {
  expect(parseTrace(text)).toEqual(read);
});

test('a child span keeps the trace of its parent; without a valid parent it starts a new trace', () => {
  const parent = `00-${trace}-b7ad6b7169203331-01`;
  const child = childTrace(parent);
  expect(parseTrace(child)).toEqual({ traceId: trace, flags: '01' });
  expect(child).not.toBe(parent);
  expect(parseTrace(childTrace())?.traceId).not.toBe(parseTrace(childTrace('nonsense'))?.traceId);
});

test('reads the trace that was written to a job', () => {
  expect(readTrace({ opts: { telemetry: telemetryOf('a') } })).toBe('a');
});

test.each([
  [{}],
  [{ telemetry: { metadata: 'not JSON' } }],
  [{ telemetry: { metadata: '{"traceparent":7}' } }],
])('a job with %o has an empty trace', (opts) => {
  expect(readTrace({ opts })).toBe('');
});
