import { createSystemMetricsReader } from '@prosaas/telemetry';
import { keyspace } from '@prosaas/runtime';
import { startTelephonyProvider } from '@prosaas/simulators';
import { poll } from '@prosaas/devstack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Desk, Stage, authToken, shortProfile } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage[Symbol.asyncDispose]());

/** What `/readyz` shows of a check, once that has this reason; null is none. */
async function shown(desk: Desk, check: string, reason: string | null): Promise<Record<string, unknown>> {
  return poll(
    async () => {
      const { checks } = (await desk.get('/readyz')).body as { checks: Record<string, { reason?: string }> };
      return (checks[check]?.reason ?? null) === reason && checks[check];
    },
    { what: `${check} to be ${reason}`, timeoutMs: 20_000 },
  );
}

async function refused(): Promise<Record<string, number>> {
  await using reader = createSystemMetricsReader({
    redis: stage.commands,
    keyspace: keyspace('prosaas'),
    onError: () => {},
  });
  const { labels } = await reader.read();
  const series = labels['call_webhooks_refused'] ?? [];
  return Object.fromEntries(series.map(({ labels: { reason }, value }) => [reason, value]));
}

test('counts refused webhooks by reason, and health names the remedy until a signature is valid', async () => {
  await using desk = await stage.desk();
  await shown(desk, 'provider', null);
  const call = { CallSid: 'CA1', From: '+1', To: '+2' };
  await using misled = startTelephonyProvider({
    authToken,
    webhookUrl: desk.service.url,
    publicUrl: 'https://elsewhere.example',
  });
  expect((await misled.post('/webhook/incoming_call', call)).status).toBe(403);
  expect(await shown(desk, 'provider', 'signature_invalid')).toMatchObject({
    status: 'warn',
    mend: expect.stringMatching(/PUBLIC_URL.*TWILIO_AUTH_TOKEN/),
  });
  expect((await desk.provider.post('/webhook/incoming_call', call, 'missing')).status).toBe(403);
  expect(await shown(desk, 'provider', 'signature_missing')).toMatchObject({
    mend: expect.stringContaining('X-Twilio-Signature'),
  });
  expect((await desk.provider.post('/webhook/incoming_call', { CallSid: '' })).status).toBe(400);
  expect((await desk.provider.get('/webhook/call_status', { ...call, CallStatus: 'no' })).status).toBe(400);
  await shown(desk, 'provider', null);
  await expect.poll(refused, { timeout: 10_000 }).toEqual({
    signature_invalid: 1,
    signature_missing: 1,
    malformed: 2,
  });
  expect(stage.lines.filter((line) => line.includes('webhooks were refused'))).toHaveLength(1);
});

test('warns at the start and in health about a PUBLIC_URL that the real provider cannot reach', async () => {
  const env = { PUBLIC_URL: 'http://localhost:5050', TWILIO_API_URL: 'https://api.twilio.com' };
  await using desk = await stage.desk(env);
  const said = stage.lines.filter((line) => line.includes('the provider cannot reach PUBLIC_URL'));
  expect(said.map((line) => JSON.parse(line))).toMatchObject([
    { level: 'warn', public_url: 'http://localhost:5050', reason: 'public_url_not_public' },
  ]);
  expect(await shown(desk, 'provider', 'public_url_not_public')).toMatchObject({
    status: 'warn',
    mend: expect.stringContaining('PUBLIC_URL'),
  });
});

test('the voice check warns of a profile in a language without a voice', async () => {
  const phone = { ...shortProfile.phone, greeting: 'שלום', thanks: 'תודה' };
  await using desk = await stage.desk({}, { profile: { ...shortProfile, phone } });
  expect(await shown(desk, 'voice', 'cannot_speak')).toMatchObject({
    status: 'fail',
    phrases: ['greeting', 'thanks'],
  });
  expect((await desk.get('/health')).status).toBe(200);
});
