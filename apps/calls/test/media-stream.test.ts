import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type CallerStream, babble } from '@prosaas/simulators';
import { type Desk, Stage } from './stage.ts';

let stage: Stage;
let desk: Desk;

beforeAll(async () => {
  stage = await Stage.start();
  desk = await stage.desk();
  await desk.warm();
});
afterAll(async () => {
  await desk[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await stage.forgetCalls();
});

async function stranger(...frames: string[]): Promise<number> {
  return strangerAt(desk, ...frames);
}

async function strangerAt({ service }: Desk, ...frames: string[]): Promise<number> {
  const socket = new WebSocket(`${service.url.replace('http', 'ws')}/ws/twilio-media`);
  await once(socket, 'open');
  for (const frame of frames) socket.send(frame);
  const [event] = (await once(socket, 'close')) as [CloseEvent];
  return event.code;
}

function start(callSid: string, token: string): string {
  return JSON.stringify({
    event: 'start',
    start: { streamSid: 'MZ1', callSid, customParameters: { token } },
  });
}

async function acceptedToken(CallSid: string): Promise<string> {
  const { body } = await desk.provider.post('/webhook/incoming_call', { CallSid });
  return /value="([^"]+)"/.exec(body)?.[1] ?? '';
}

test('refuses an invalid token and the token of another call', async () => {
  expect(await stranger(start('CAone', 'guess'))).toBe(1008);
  await acceptedToken('CAone');
  expect(await stranger(start('CAone', await acceptedToken('CAtwo')))).toBe(1008);
});

test('a token opens only one stream', async () => {
  const call = await desk.provider.call({ say: babble(400) });
  const token = /value="([^"]+)"/.exec(call.answer?.body ?? '')?.[1] ?? '';
  expect(await stranger(start(call.sid, token))).toBe(1008);
  expect((await call.ended).marks).toHaveLength(2);
});

test('the token of a call without a slot opens no stream', async () => {
  const token = await acceptedToken('CAgone');
  await stage.commands.del('{prosaas}:calls:slots');
  expect(await stranger(start('CAgone', token))).toBe(1008);
});

test('closes a socket without a valid token in time, whatever it sent', async () => {
  // Shorter than in production, for this test only.
  await using strict = await stage.desk({}, { timings: { handshakeMs: 300 } });
  expect(await strangerAt(strict)).toBe(1008);
  expect(await strangerAt(strict, JSON.stringify({ event: 'connected' }))).toBe(1008);
  expect(await stranger('{', '[]', 'null', '{"event":"media"}', '{"event":"start","start":{}}')).toBe(1008);
});

test('silent sockets do not keep callers out', async () => {
  await using narrow = await stage.desk({ MAX_CONCURRENT_CALLS: '1' });
  await narrow.warm();
  const url = `${narrow.service.url.replace('http', 'ws')}/ws/twilio-media`;
  const idle = Array.from({ length: 60 }, () => new WebSocket(url));
  await Promise.all(idle.map((socket) => once(socket, 'open')));
  const call = await narrow.provider.call({ say: babble(400) });
  expect((await call.ended).marks).toHaveLength(2);
  for (const socket of idle) socket.close();
});

test('an oversized frame closes only its own socket', async () => {
  const call = await desk.provider.call({ say: babble(400) });
  expect(await stranger('x'.repeat(100_000))).toBe(1009);
  expect((await call.ended).marks).toHaveLength(2);
});

test.each<[string, (stream: CallerStream) => void]>([
  ['unknown events', (stream) => stream.sendRaw('{"event":"hologram","hologram":{}}')],
  ['bad JSON', (stream) => stream.sendRaw('{"event":')],
  ['frames of a wrong shape', (stream) => stream.sendRaw('{"event":"media","media":7}')],
  ['a second start', (stream) => stream.sendRaw(start('CAother', 'x'))],
  ['a mark that was never set', (stream) => stream.sendRaw('{"event":"mark","mark":{"name":"no"}}')],
  ['prototype tricks', (stream) => stream.sendRaw('{"event":"__proto__","__proto__":{"x":1}}')],
])('%s do not disturb a live stream', async (_name, disturb) => {
  const call = await desk.provider.call({
    script: async (stream) => {
      disturb(stream);
      await stream.untilMarks(1);
      disturb(stream);
      await stream.say(babble(500));
    },
  });
  expect((await call.ended).marks).toHaveLength(2);
  expect((await stage.outcomeOf(call.sid)).recordings).toHaveLength(1);
});

test('ends a stream of malformed frames as an error', async () => {
  const call = await desk.provider.call({
    script: async (stream) => {
      for (let frame = 0; frame < 100; frame++) stream.sendRaw('garbage');
    },
    callbacks: 'never',
  });
  await call.ended;
  expect(await stage.outcomeOf(call.sid)).toMatchObject({ outcome: 'error', reason: 'garbage' });
});

test('audio in one packet with the end of the greeting counts as the answer', async () => {
  const token = await acceptedToken('CApacket');
  const socket = new WebSocket(`${desk.service.url.replace('http', 'ws')}/ws/twilio-media`);
  await once(socket, 'open');
  socket.send(start('CApacket', token));
  // Too short to interrupt the greeting.
  const speech = babble(160);
  const quiet = new Uint8Array(100 * 8).fill(0xff);
  const send = (frame: object): void => socket.send(JSON.stringify(frame));
  socket.addEventListener('message', ({ data }) => {
    const { event, mark } = JSON.parse(String(data)) as { event: string; mark?: { name: string } };
    if (event !== 'mark') return;
    send({ event, mark });
    if (mark?.name !== 'played-1') return;
    for (const audio of [speech, quiet])
      send({ event: 'media', media: { payload: Buffer.from(audio).toString('base64') } });
    send({ event: 'dtmf', dtmf: { digit: '#' } });
  });
  await once(socket, 'close');
  const { recordings } = await stage.outcomeOf('CApacket');
  expect(recordings).toHaveLength(1);
  expect(recordings[0]?.audio.includes(Buffer.from(speech))).toBe(true);
  const recorded = stage.lines.find((line) => line.includes('was recorded') && line.includes('CApacket'));
  expect(JSON.parse(recorded ?? '{}')).toMatchObject({ ended_by: 'key' });
});

test('a request without an upgrade is answered with 426', async () => {
  const response = await fetch(`${desk.service.url}/ws/twilio-media`);
  expect(response.status).toBe(426);
  expect(await response.json()).toMatchObject({ code: 'UPGRADE_REQUIRED' });
});
