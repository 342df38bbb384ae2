// What an operator does in the console. One stack and one browser for all, because they take longer to start than most of these tests.
// Those of WhatsApp sessions are the last ones: they leave sessions that have a problem.
import { describe } from 'vitest';
import { callTests } from './pages/calls.ts';
import { connectionTests } from './pages/connection.ts';
import { servicesAndHealthTests } from './pages/services-and-health.ts';
import { signInTests } from './pages/sign-in.ts';
import { whatsappTests } from './pages/whatsapp.ts';
import { useOperations } from './support/operations.ts';

useOperations();
describe('sign-in', () => {
  signInTests();
});
describe('connection', () => {
  connectionTests();
});
describe('calls', () => {
  callTests();
});
describe('services and health', () => {
  servicesAndHealthTests();
});
describe('WhatsApp', () => {
  whatsappTests();
});
