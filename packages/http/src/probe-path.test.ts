import { expect, test } from 'vitest';
import { withoutProbeSlash } from './probe-path.ts';

test.each([
  ['/healthz/', '/healthz'],
  ['/livez/?verbose', '/livez?verbose'],
  ['/readyz/database/', '/readyz/database'],
  ['/api/health/?exclude=a/', '/api/health?exclude=a/'],
  ['/metrics.json/?token=x', '/metrics.json?token=x'],
  ['/healthz', '/healthz'],
  ['/healthz?x=/', '/healthz?x=/'],
  ['/api/calls/', '/api/calls/'],
  ['/', '/'],
  ['', ''],
  ['*', '*'],
])('%j is rewritten to %j', (url, rewritten) => {
  expect(withoutProbeSlash(url)).toBe(rewritten);
});
