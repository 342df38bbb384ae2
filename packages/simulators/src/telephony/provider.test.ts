import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { babble } from './mulaw.ts';
import { startTelephonyProvider } from './provider.ts';
import { signWebhook } from './signature.ts';

interface Frame {
  event: string;
  sequenceNumber?: string;
  start?: Record<string, unknown>;
  media?: { payload: string; timestamp: string };
  mark?: { name: string };
  dtmf?: { digit: string };
}

interface Hook {
  path: string;
  parameters: Record<string, string>;
  signature: string | undefined;
}

/** A minimal calls service: plays `greeting`, and hangs up after `listenFrames` frames. */
class MinimalService {
  readonly hooks: Hook[] = [];
  readonly frames: Frame[] = [];
  answer =
    '<Response><Connect><Stream url="wss://desk.example/stream"><Parameter name="token" value="t1"/></Stream></Connect></Response>';
  listenFrames = 20;
  url = '';
  readonly #server: Server;
  readonly #sockets: WebSocketServer;

  constructor(greeting: Uint8Array) {
    this.#server = createServer((request, response) => {
      void this.#hook(request).then((path) =>
        response.end(path === '/webhook/incoming_call' ? this.answer : ''),
      );
    });
    this.#sockets = new WebSocketServer({ server: this.#server, path: '/stream' });
    this.#sockets.on('connection', (socket) => {
      socket.on('message', (data) => {
        const frame = JSON.parse((data as Buffer).toString()) as Frame & { streamSid: string };
        this.frames.push(frame);
        const { streamSid } = frame;
        if (frame.event === 'start') {
          socket.send(
            JSON.stringify({
              event: 'media',
              streamSid,
              media: { payload: Buffer.from(greeting).toString('base64') },
            }),
          );
          socket.send(JSON.stringify({ event: 'mark', streamSid, mark: { name: 'greeted' } }));
        }
        if (this.frames.filter(({ event }) => event === 'media').length === this.listenFrames)
          socket.close(1000);
      });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #hook(request: IncomingMessage): Promise<string> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const path = request.url ?? '';
    const signature = request.headers['x-twilio-signature'];
    this.hooks.push({
      path,
      parameters: Object.fromEntries(new URLSearchParams(body)),
      signature: typeof signature === 'string' ? signature : undefined,
    });
    return path;
  }
}

const services: MinimalService[] = [];
afterEach(() => {
  for (const service of services.splice(0)) service.close();
});

async function startService(greeting: Uint8Array = babble(200)): Promise<MinimalService> {
  const service = new MinimalService(greeting);
  services.push(service);
  await service.listen();
  return service;
}

function statusesOf(service: MinimalService): (string | undefined)[] {
  return service.hooks
    .filter(({ path }) => path.endsWith('call_status'))
    .map(({ parameters }) => parameters['CallStatus']);
}

test('a call signs its webhook for the public address, plays the greeting and reports its states', async () => {
  const service = await startService();
  await using provider = startTelephonyProvider({
    authToken: 's3',
    webhookUrl: service.url,
    publicUrl: 'https://desk.example',
  });
  const call = await provider.call({ from: '+15550111222', say: babble(100) });
  const report = await call.ended;

  expect(report).toMatchObject({ verdict: 'connected', by: 'service', marks: ['greeted'], clears: 0 });
  expect(Buffer.from(report.heard).equals(babble(200))).toBe(true);
  const [webhook] = service.hooks;
  expect(webhook?.parameters).toMatchObject({
    CallSid: call.sid,
    From: '+15550111222',
    Direction: 'inbound',
  });
  expect(webhook?.signature).toBe(
    signWebhook('s3', 'https://desk.example/webhook/incoming_call', webhook?.parameters ?? {}),
  );
  expect(statusesOf(service)).toEqual(['ringing', 'in-progress', 'completed']);
});

test('the stream begins with connected and start, numbers its frames, and sends 20 ms per frame', async () => {
  const service = await startService();
  await using provider = startTelephonyProvider({
    authToken: 's3',
    webhookUrl: service.url,
    publicUrl: 'https://desk.example',
  });
  await (
    await provider.call({ script: async (stream) => stream.press('5') })
  ).ended;

  expect(service.frames.slice(0, 2).map(({ event }) => event)).toEqual(['connected', 'start']);
  expect(service.frames[1]?.start).toMatchObject({
    customParameters: { token: 't1' },
    mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
  });
  expect(service.frames.find(({ event }) => event === 'dtmf')?.dtmf).toMatchObject({ digit: '5' });
  expect(service.frames.slice(1).map(({ sequenceNumber }) => Number(sequenceNumber))).toEqual(
    service.frames.slice(1).map((_, at) => at + 1),
  );
  const media = service.frames.filter(({ event }) => event === 'media');
  expect(new Set(media.map((frame) => Buffer.from(frame.media?.payload ?? '', 'base64').length))).toEqual(
    new Set([160]),
  );
});

test.each([
  ['twice', ['ringing', 'ringing', 'in-progress', 'in-progress', 'completed', 'completed']],
  ['out-of-order', ['completed', 'in-progress', 'ringing']],
  ['late', ['ringing', 'in-progress', 'completed']],
  ['never', []],
] as const)('status callbacks can be sent %s', async (callbacks, statuses) => {
  const service = await startService();
  await using provider = startTelephonyProvider({
    authToken: 's3',
    webhookUrl: service.url,
    publicUrl: 'https://desk.example',
  });
  await (
    await provider.call({ callbacks })
  ).ended;
  expect(statusesOf(service)).toEqual(statuses);
});

test('a rejected call opens no stream and ends as busy', async () => {
  const service = await startService();
  service.answer = '<Response><Reject reason="busy"/></Response>';
  await using provider = startTelephonyProvider({ authToken: 's3', webhookUrl: service.url });
  const call = await provider.call();
  expect((await call.ended).verdict).toBe('rejected');
  expect(service.frames).toEqual([]);
  expect(statusesOf(service)).toEqual(['busy']);
});

test('a caller who hangs up is reported with `stop`', async () => {
  const service = await startService();
  service.listenFrames = 10_000;
  await using provider = startTelephonyProvider({
    authToken: 's3',
    webhookUrl: service.url,
    publicUrl: 'https://desk.example',
  });
  const call = await provider.call({ script: async (stream) => stream.untilMarks(1) });
  await call.stream?.untilMarks(1);
  call.hangUp();
  expect((await call.ended).by).toBe('caller');
  await expect.poll(() => service.frames.at(-1)?.event).toBe('stop');
});

test('a forged signature is not the one of the auth token', async () => {
  const service = await startService();
  await using provider = startTelephonyProvider({ authToken: 's3', webhookUrl: service.url });
  await provider.post('/hook', { a: '1' }, 'forged');
  await provider.post('/hook', { a: '1' }, 'missing');
  expect(service.hooks.map(({ signature }) => signature)).toEqual([
    expect.not.stringContaining(signWebhook('s3', `${service.url}/hook`, { a: '1' })),
    undefined,
  ]);
});

const answerWithCallback =
  '<Response><Connect><Stream url="wss://desk.example/stream" statusCallback="https://desk.example/stream_status"/></Connect></Response>';

function streamEventsOf(service: MinimalService): (string | undefined)[] {
  return service.hooks
    .filter(({ path }) => path === '/stream_status')
    .map(({ parameters }) => parameters['StreamEvent']);
}

test('stream events go to the callback URL of the answer, signed for that URL', async () => {
  const service = await startService();
  service.answer = answerWithCallback;
  await using provider = startTelephonyProvider({
    authToken: 's3',
    webhookUrl: service.url,
    publicUrl: 'https://desk.example',
  });
  const call = await provider.call();
  await call.ended;
  expect(streamEventsOf(service)).toEqual(['stream-started', 'stream-stopped']);
  const hook = service.hooks.find(({ path }) => path === '/stream_status');
  expect(hook?.parameters).toMatchObject({ CallSid: call.sid, StreamSid: call.stream?.streamSid });
  expect(hook?.signature).toBe(
    signWebhook('s3', 'https://desk.example/stream_status', hook?.parameters ?? {}),
  );
});

test('a stream that cannot be opened is reported as an error, and the call is completed', async () => {
  const service = await startService();
  service.answer = answerWithCallback;
  await using provider = startTelephonyProvider({
    authToken: 's3',
    webhookUrl: service.url,
    publicUrl: 'https://desk.example',
  });
  const call = await provider.call({ streamUrl: `${service.url.replace('http', 'ws')}/nothing` });
  expect(await call.ended).toMatchObject({ verdict: 'hung-up', by: 'provider' });
  expect(streamEventsOf(service)).toEqual(['stream-error']);
  expect(statusesOf(service)).toEqual(['in-progress', 'completed']);
});

test('a discontinuous line sends frames only while the caller speaks, and echoes marks at any time', async () => {
  const service = await startService();
  service.listenFrames = 5;
  await using provider = startTelephonyProvider({
    authToken: 's3',
    webhookUrl: service.url,
    publicUrl: 'https://desk.example',
  });
  const call = await provider.call({ stream: 'discontinuous', say: babble(100) });
  expect((await call.ended).marks).toEqual(['greeted']);
  expect(call.stream?.saidBytes).toBe(800);
  // The greeting of 200 ms passed without a frame.
  expect(Number(service.frames.find(({ event }) => event === 'media')?.media?.timestamp)).toBeGreaterThan(
    200,
  );
});

test('a silent line sends nothing, not even marks', async () => {
  const service = await startService();
  await using provider = startTelephonyProvider({
    authToken: 's3',
    webhookUrl: service.url,
    publicUrl: 'https://desk.example',
  });
  const call = await provider.call({ script: async (stream) => stream.fallSilent() });
  call.stream?.press('5');
  call.stream?.sendRaw('anything');
  await expect.poll(() => service.frames.length).toBe(2);
  await call.abandon();
  expect(service.frames.map(({ event }) => event)).toEqual(['connected', 'start']);
  expect(call.stream?.marks).toEqual([]);
});

test('a GET webhook has its parameters in the URL, and its signature covers only the URL', async () => {
  const service = await startService();
  await using provider = startTelephonyProvider({ authToken: 's3', webhookUrl: service.url });
  await provider.get('/hook/', { From: '+1 5' });
  const [hook] = service.hooks;
  expect(hook).toMatchObject({ path: '/hook/?From=%2B1+5', parameters: {} });
  expect(hook?.signature).toBe(signWebhook('s3', `${service.url}/hook/?From=%2B1+5`, {}));
});
