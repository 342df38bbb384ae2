import { expect, test } from 'vitest';
import { connectStream, hangUp, rejectBusy } from './twiml.ts';

const head = '<?xml version="1.0" encoding="UTF-8"?>';

test('an accepted call is connected to a stream, and hung up on after it', () => {
  const addresses = { url: 'wss://desk.example/ws', statusCallback: 'https://desk.example/status' };
  expect(connectStream(addresses, { token: 't' })).toBe(
    `${head}<Response><Connect><Stream url="wss://desk.example/ws" statusCallback="https://desk.example/status"><Parameter name="token" value="t"/></Stream></Connect><Hangup/></Response>`,
  );
});

test('what stands in attributes is escaped', () => {
  expect(
    connectStream({ url: 'wss://x/?a=1&b="<2>"', statusCallback: 'https://x/?&' }, { 'a"': '<&>' }),
  ).toContain(
    'url="wss://x/?a=1&amp;b=&quot;&lt;2&gt;&quot;" statusCallback="https://x/?&amp;"><Parameter name="a&quot;" value="&lt;&amp;&gt;"/>',
  );
});

test('a refused call is busy, a call that is over is hung up', () => {
  expect(rejectBusy).toBe(`${head}<Response><Reject reason="busy"/></Response>`);
  expect(hangUp).toBe(`${head}<Response><Hangup/></Response>`);
});
