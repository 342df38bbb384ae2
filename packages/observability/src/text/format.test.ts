import { expect, test } from 'vitest';
import { negotiateFormat } from './format.ts';

test.each([
  [undefined, 'prometheus'],
  ['*/*', 'prometheus'],
  ['text/plain', 'prometheus'],
  ['application/openmetrics-text', 'openmetrics'],
  ['application/openmetrics-text; version=1.0.0; charset=utf-8', 'openmetrics'],
  ['application/openmetrics-text; version=0.0.1', 'prometheus'],
  ['application/openmetrics-text;q=0, text/plain', 'prometheus'],
  ['application/openmetrics-text;q=0.2, text/plain;q=0.9', 'prometheus'],
  // The header that Prometheus sends.
  [
    'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    'openmetrics',
  ],
  ['application/openmetrics-text;q=0.5, */*;q=0.9', 'prometheus'],
  ['application/openmetrics-text;q=0.5, text/*;q=0.9', 'prometheus'],
  ['application/openmetrics-text;q=0.5, */*;q=0.5', 'openmetrics'],
  ['application/*', 'openmetrics'],
  ['application/*, text/plain', 'prometheus'],
  ['nonsense;;q=x,,', 'prometheus'],
])('Accept: %s is answered with %s', (accept, format) => {
  expect(negotiateFormat(accept)).toBe(format);
});
