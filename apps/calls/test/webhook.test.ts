import { type WebhookAnswer, startTelephonyProvider } from '@prosaas/simulators';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Desk, Stage, authToken } from './stage.ts';

const limit = 15;
let stage: Stage;
let desk: Desk;
let lastCall = 0;

beforeAll(async () => {
  stage = await Stage.start();
  desk = await stage.desk({ MAX_CONCURRENT_CALLS: String(limit) });
  await desk.healthy();
});
afterAll(async () => {
  await desk[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await stage.forgetCalls();
});

const nothing = { started: 0, completed: 0, errors: 0, rejected: 0, active: 0 };
const busy = '<?xml version="1.0" encoding="UTF-8"?><Response><Reject reason="busy"/></Response>';

function parameters(CallSid = `CA${++lastCall}`): Record<string, string> {
  return { CallSid, From: '+15550111222', To: '+15550199000', CallStatus: 'ringing' };
}

test('answers a call with a stream to the public URL with a token, then a hang-up', async () => {
  const answer = await desk.provider.post('/webhook/incoming_call', parameters());
  expect(answer).toMatchObject({ status: 200, contentType: 'text/xml; charset=utf-8' });
  expect(answer.body).toMatch(
    /<Response><Connect><Stream url="wss:\/\/desk\.example\/phone\/ws\/twilio-media" statusCallback="https:\/\/desk\.example\/phone\/webhook\/stream_status"><Parameter name="token" value="[\w-]{43}"\/><\/Stream><\/Connect><Hangup\/><\/Response>$/,
  );
});

test('accepts exactly the limit of 50 concurrent calls', async () => {
  const sids = Array.from({ length: 50 }, () => `CA${++lastCall}`);
  const answers = await Promise.all(
    sids.map((sid) => desk.provider.post('/webhook/incoming_call', parameters(sid))),
  );
  expect(answers.filter(({ body }) => body.includes('<Connect>'))).toHaveLength(limit);
  expect(answers.filter(({ body }) => body === busy)).toHaveLength(50 - limit);
  await expect
    .poll(() => stage.totals())
    .toEqual({ ...nothing, started: limit, active: limit, rejected: 50 - limit });

  // The provider asks again for a rejected call, which counts once.
  const turnedAway = sids[answers.findIndex(({ body }) => body === busy)];
  expect((await desk.provider.post('/webhook/incoming_call', parameters(turnedAway))).body).toBe(busy);
  await expect.poll(() => stage.totals()).toMatchObject({ rejected: 50 - limit });
  expect(await stage.outcomeOf(turnedAway ?? '')).toMatchObject({
    outcome: 'rejected',
    reason: 'max_concurrent',
  });
});

test('two replicas share one limit', async () => {
  await using second = await stage.desk({ MAX_CONCURRENT_CALLS: String(limit) });
  await second.healthy();
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, at) =>
      (at % 2 ? desk : second).provider.post('/webhook/incoming_call', parameters()),
    ),
  );
  expect(answers.filter(({ body }) => body.includes('<Connect>'))).toHaveLength(limit);
});

test('answers the same when asked twice for a call, at once or later, and counts it once', async () => {
  const call = parameters();
  const [first, second] = await Promise.all([
    desk.provider.post('/webhook/incoming_call', call),
    desk.provider.post('/webhook/incoming_call', call),
  ]);
  const third = await desk.provider.post('/webhook/incoming_call', call);
  expect(second).toEqual(first);
  expect(third).toEqual(first);
  await expect.poll(() => stage.totals()).toEqual({ ...nothing, started: 1, active: 1 });
});

test('makes the stream of a held slot valid if whoever took the slot died before it did', async () => {
  const call = parameters();
  await desk.provider.post('/webhook/incoming_call', call);
  const tokens = (): Promise<string[]> => stage.commands.keys(`*:calls:stream:${call['CallSid']}`);
  const issued = await tokens();
  expect(issued).toHaveLength(1);
  await stage.commands.del(issued);
  await desk.provider.post('/webhook/incoming_call', call);
  expect(await tokens()).toEqual(issued);
});

test('does not take a new slot for a call that is over', async () => {
  const call = parameters();
  await desk.provider.post('/webhook/incoming_call', call);
  await desk.provider.post('/webhook/call_status', { ...call, CallStatus: 'completed' });
  await expect.poll(() => stage.totals()).toMatchObject({ errors: 1, active: 0 });
  const again = await desk.provider.post('/webhook/incoming_call', call);
  expect(again.body).toContain('<Response><Hangup/></Response>');
  await expect.poll(() => stage.totals()).toEqual({ ...nothing, started: 1, errors: 1 });
});

test.each(['/webhook/incoming_call', '/webhook/call_status'])(
  'refuses a forged or missing signature at %s, and counts no call',
  async (path) => {
    for (const signature of ['forged', 'missing'] as const) {
      const answer = await desk.provider.post(path, { ...parameters(), CallStatus: 'completed' }, signature);
      expect(answer).toMatchObject({ status: 403, contentType: 'application/problem+json' });
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'SIGNATURE_INVALID', status: 403 });
    }
    await expect.poll(() => stage.totals()).toEqual(nothing);
  },
);

test.each([
  ['by GET', (call) => desk.provider.get('/webhook/incoming_call', call)],
  ['by GET, with a slash at the end', (call) => desk.provider.get('/webhook/incoming_call/', call)],
  ['with a slash at the end', (call) => desk.provider.post('/webhook/incoming_call/', call)],
  ['with a query string', (call) => desk.provider.post('/webhook/incoming_call?line=2', call)],
] satisfies [string, (call: Record<string, string>) => Promise<WebhookAnswer>][])(
  'accepts a webhook %s',
  async (_name, ask) => {
    const call = parameters();
    expect(await ask(call)).toMatchObject({ status: 200, body: expect.stringContaining('<Connect>') });
    expect(await stage.record(call['CallSid'] ?? '')).toMatchObject({ from_number: '+15550111222' });
    await expect.poll(() => stage.totals()).toEqual({ ...nothing, started: 1, active: 1 });
  },
);

test('refuses a GET that was signed for another URL or not at all', async () => {
  const call = parameters();
  const signed = await desk.provider.get('/webhook/call_status/', { ...call, CallStatus: 'ringing' });
  expect(signed.status).toBe(204);
  const query = new URLSearchParams(call).toString();
  const unsigned = await fetch(`${desk.service.url}/webhook/incoming_call?${query}`);
  expect(unsigned.status).toBe(403);
  const head = await fetch(`${desk.service.url}/webhook/incoming_call?${query}`, { method: 'HEAD' });
  expect(head.status).toBe(405);
  await expect.poll(() => stage.totals()).toEqual(nothing);
});

test('refuses a signature for another address or other parameters, whatever the Host header', async () => {
  await using liar = startTelephonyProvider({
    authToken,
    webhookUrl: desk.service.url,
  });
  expect((await liar.post('/webhook/incoming_call', parameters())).status).toBe(403);
  await expect.poll(() => stage.totals()).toEqual(nothing);
});

test.each([
  ['without a CallSid', { From: '+1' }, 'body.CallSid'],
  ['with an empty CallSid', { CallSid: '' }, 'body.CallSid'],
  ['with a CallSid that is none', { CallSid: 'CA/../x' }, 'body.CallSid'],
  ['with a number that no database takes', { CallSid: 'CA1', From: '+1\u0000' }, 'body.From'],
  ['with an endless number', { CallSid: 'CA1', From: '1'.repeat(500) }, 'body.From'],
])('a signed webhook %s is refused with the fault', async (_name, body, field) => {
  const answer = await desk.provider.post('/webhook/incoming_call', body);
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.body)).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ field }] });
  await expect.poll(() => stage.totals()).toEqual(nothing);
});

test('refuses an unknown status, and ends no call', async () => {
  const call = parameters();
  await desk.provider.post('/webhook/incoming_call', call);
  expect((await desk.provider.post('/webhook/call_status', { ...call, CallStatus: 'exploded' })).status).toBe(
    400,
  );
  await expect.poll(() => stage.totals()).toMatchObject({ active: 1 });
});

test('refuses a body that is not a form or is too long, each with its status', async () => {
  const send = async (body: string, type: string): Promise<{ status: number; code: unknown }> => {
    const response = await fetch(`${desk.service.url}/webhook/incoming_call`, {
      method: 'POST',
      body,
      headers: { 'content-type': type, 'x-twilio-signature': 'x' },
    });
    return { status: response.status, code: ((await response.json()) as { code: unknown }).code };
  };
  const form = 'application/x-www-form-urlencoded';
  expect(await send('x'.repeat(70_000), form)).toEqual({ status: 413, code: 'BODY_TOO_LARGE' });
  const deep = `{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
  expect(await send(deep, 'application/json')).toMatchObject({ status: 415 });
  expect(await send('<a/>', 'text/xml')).toMatchObject({ status: 415 });
  expect(await send('', form)).toMatchObject({ status: 403 });
  const fields = (count: number): string => Array.from({ length: count }, (_, at) => `f${at}=1`).join('&');
  expect(await send(fields(200), form)).toMatchObject({ status: 403 });
  expect(await send(fields(201), form)).toEqual({ status: 400, code: 'TOO_MANY_FIELDS' });
  expect(await send('f=1&'.repeat(201), form)).toEqual({ status: 400, code: 'TOO_MANY_FIELDS' });
  await expect.poll(() => stage.totals()).toEqual(nothing);
});

test('without an auth token the webhooks name the missing setting, and the service is healthy', async () => {
  await using open = await stage.desk({ TWILIO_AUTH_TOKEN: '' });
  const answer = await open.provider.post('/webhook/incoming_call', parameters());
  expect(answer).toMatchObject({ status: 503, contentType: 'application/problem+json' });
  expect(JSON.parse(answer.body)).toMatchObject({
    code: 'TWILIO_AUTH_TOKEN_MISSING',
    detail: expect.stringContaining('TWILIO_AUTH_TOKEN is not set'),
  });
  await expect
    .poll(() => open.get('/health'))
    .toEqual({ status: 200, body: { status: 'healthy', active_calls: 0 } });
  expect((await open.get('/readyz')).body).toMatchObject({
    ready: true,
    checks: {
      provider: {
        status: 'warn',
        reason: 'auth_token_missing',
        mend: expect.stringContaining('TWILIO_AUTH_TOKEN'),
      },
    },
  });
});

test('masks phone numbers in the log, and logs no token', async () => {
  const answer = await desk.provider.post('/webhook/incoming_call', parameters());
  const token = /value="([^"]+)"/.exec(answer.body)?.[1] ?? 'no token';
  const log = stage.lines.filter((line) => !line.includes('"level":"debug"')).join('');
  expect(log).toContain('a call was accepted');
  expect(log).not.toContain('15550111222');
  expect(log).not.toContain(token);
});
