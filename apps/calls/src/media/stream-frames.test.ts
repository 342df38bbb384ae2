import { expect, test } from 'vitest';
import { parseStreamFrame } from './stream-frames.ts';

const start = {
  event: 'start',
  sequenceNumber: '1',
  start: {
    accountSid: 'AC1',
    streamSid: 'MZ1',
    callSid: 'CA1',
    tracks: ['inbound'],
    mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
    customParameters: { token: 't', odd: 7 },
  },
  streamSid: 'MZ1',
};

test.each<[string, unknown, unknown]>([
  ['connected', { event: 'connected', protocol: 'Call', version: '1.0.0' }, { event: 'connected' }],
  ['start', start, { event: 'start', streamSid: 'MZ1', callSid: 'CA1', parameters: { token: 't' } }],
  [
    'media',
    { event: 'media', media: { track: 'inbound', payload: '/38=' } },
    { event: 'media', audio: Buffer.from([255, 127]) },
  ],
  ['our own voice', { event: 'media', media: { track: 'outbound', payload: '' } }, { event: 'unknown' }],
  ['dtmf', { event: 'dtmf', dtmf: { track: 'inbound_track', digit: '#' } }, { event: 'dtmf', digit: '#' }],
  ['mark', { event: 'mark', mark: { name: 'm' } }, { event: 'mark', name: 'm' }],
  ['stop', { event: 'stop', stop: {} }, { event: 'stop' }],
  ['a newer event', { event: 'transcription', x: 1 }, { event: 'unknown' }],
])('parses %s', (_name, frame, parsed) => {
  expect(parseStreamFrame(JSON.stringify(frame))).toEqual(parsed);
});

test.each([
  '',
  'x',
  '7',
  'null',
  '[]',
  '{}',
  '{"event":7}',
  '{"event":"media"}',
  '{"event":"media","media":{"payload":7}}',
  '{"event":"media","media":{"payload":""}}',
  '{"event":"media","media":{"payload":"!!!!"}}',
  '{"event":"dtmf","dtmf":{"digit":"123456789"}}',
  '{"event":"mark","mark":{}}',
  '{"event":"start","start":{"callSid":"CA1"}}',
  JSON.stringify({ ...start, start: { ...start.start, mediaFormat: { encoding: 'audio/opus' } } }),
])('rejects %s', (text) => {
  expect(parseStreamFrame(text)).toBeUndefined();
});
