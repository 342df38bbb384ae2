import { expect, test } from 'vitest';
import { connectStream, hangUp, rejectBusy } from './twiml.ts';

const head = '<?xml version="1.0" encoding="UTF-8"?>';

test('connects an accepted call to a stream, and hangs up after it', () => {
  const addresses = { url: 'wss://desk.example/ws', statusCallback: 'https://desk.example/status' };
  expect(connectStream(addresses, { token: 't' })).toBe(
    `${head}<Response><Connect><Stream url="wss://desk.example/ws" statusCallback="https://desk.example/status"><Parameter name="token" value="t"/></Stream></Connect><Hangup/></Response>`,
  );
});

test('escapes attributes', () => {
  expect(
    connectStream({ url: 'wss://x/?a=1&b="<2>"', statusCallback: 'https://x/?&' }, { 'a"': '<&>' }),
  ).toContain(
    'url="wss://x/?a=1&amp;b=&quot;&lt;2&gt;&quot;" statusCallback="https://x/?&amp;"><Parameter name="a&quot;" value="&lt;&amp;&gt;"/>',
  );
});

test('rejects a call as busy, and hangs up a call that is over', () => {
  expect(rejectBusy).toBe(`${head}<Response><Reject reason="busy"/></Response>`);
  expect(hangUp).toBe(`${head}<Response><Hangup/></Response>`);
});
