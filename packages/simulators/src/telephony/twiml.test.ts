import { expect, test } from 'vitest';
import { TwimlError, readTwiml } from './twiml.ts';

test("reads the provider's published example of a stream", () => {
  const verbs = readTwiml(`<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Connect>
    <Stream url="wss://mystream.ngrok.io/audiostream?a=1&amp;b=2">
      <Parameter name="FirstName" value="Jane"/>
    </Stream>
  </Connect>
  <Say>Bye &amp; thanks</Say>
</Response>`);
  expect(verbs.map((verb) => verb.name)).toEqual(['Connect', 'Say']);
  expect(verbs[0]?.children[0]).toMatchObject({
    name: 'Stream',
    attributes: { url: 'wss://mystream.ngrok.io/audiostream?a=1&b=2' },
    children: [{ name: 'Parameter', attributes: { name: 'FirstName', value: 'Jane' } }],
  });
  expect(verbs[1]?.text).toBe('Bye & thanks');
});

test.each([
  '',
  '{"a":1}',
  '<Response>',
  '<Response></Say>',
  '<Response><Say></Response></Say>',
  '<Other/>',
  '<Response/><Response/>',
  '<Response a=1/>',
  '<Response>&nbsp;</Response>',
])('%j is refused', (xml) => {
  expect(() => readTwiml(xml)).toThrow(TwimlError);
});
