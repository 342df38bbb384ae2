import { expect, test } from 'vitest';
import { publicUrlProblem } from './public-url.ts';

const twilio = 'https://api.twilio.com';

test.each([
  ['https://desk.example.com/phone', twilio, undefined],
  ['https://desk.example.com', 'https://api.dublin.ie1.twilio.com', undefined],
  ['https://203.0.113.9', twilio, undefined],
  ['http://desk.example.com', twilio, 'public_url_not_https'],
  ['http://localhost:5050', twilio, 'public_url_not_public'],
  ['https://localhost', twilio, 'public_url_not_public'],
  ['https://calls:5050', twilio, 'public_url_not_public'],
  ['https://desk.local', twilio, 'public_url_not_public'],
  ['https://127.0.0.1', twilio, 'public_url_not_public'],
  ['https://192.168.1.5', twilio, 'public_url_not_public'],
  ['https://[::1]:5050', twilio, 'public_url_not_public'],
  ['http://localhost:5050', 'http://127.0.0.1:9999', undefined],
  ['http://localhost:5050', 'https://twilio.com.example.com', undefined],
])('%s with the API at %s: %s', (PUBLIC_URL, TWILIO_API_URL, problem) => {
  expect(publicUrlProblem({ PUBLIC_URL, TWILIO_API_URL })).toBe(problem);
});
