import { expect, test } from 'vitest';
import { ask, desk, good, offline } from './test-agent.ts';
import { type Reply, calls, failing, json, message, never, says, startModelServer } from './test-server.ts';

const text =
  (body: string, type: string): Reply =>
  (response) =>
    response.writeHead(200, { 'content-type': type }).end(body);
const drip: Reply = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const timer = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(timer));
};
const reset: Reply = (response, request) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"choices":');
  setImmediate(() => request.socket.resetAndDestroy());
};
const huge: Reply = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const chunk = Buffer.alloc(256 * 1024, ' ');
  const write = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', write);
  write();
};

/** Failures of servers and models, with the kind that is counted. */
const faults: [name: string, kind: string, reply: Reply][] = [
  ['is slow', 'timeout', never],
  ['drips a byte now and then', 'timeout', drip],
  ['answers with garbage', 'bad_reply', text('{"choices":[{"mess', 'application/json')],
  ['answers with a page', 'bad_reply', text('<html>Welcome</html>', 'text/html')],
  ['answers with an empty body', 'bad_reply', text('', 'application/json')],
  ['answers null', 'bad_reply', json(null)],
  ['answers with no choices', 'bad_reply', json({ choices: [] })],
  ['answers with no message', 'bad_reply', json({ choices: [{ finish_reason: 'stop' }] })],
  ['streams', 'bad_reply', text('data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n', 'text/event-stream')],
  ['never ends a stream', 'bad_reply', (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {}\n\n')],
  ['breaks the connection', 'refused', reset],
  ['sends without an end', 'bad_reply', huge],
  ['refuses the key', 'unauthorized', failing(401, { code: 'invalid_api_key', message: 'no such key' })],
  ['forbids', 'unauthorized', failing(403, { message: 'this project may not' })],
  ['does not know the model', 'not_found', failing(404, { message: 'model m not found' })],
  ['is called too often', 'rate_limited', failing(429, { code: 'rate_limit_exceeded', message: 'slow down' })],
  ['is not paid', 'quota', failing(429, { code: 'insufficient_quota', message: 'check your plan and billing details' })],
  ['wants payment', 'quota', failing(402, { message: 'top up' })],
  ['cannot take the request', 'bad_request', failing(400, { code: 'context_length_exceeded', message: 'too many tokens' })],
  ['fails', 'server_error', failing(500, { message: 'oops' })],
  ['fails in front of the server', 'server_error', (response) => response.writeHead(503).end('<h1>503</h1>')],
  ['says in a good answer that it failed', 'server_error', json({ error: { code: 502, message: 'upstream' } })],
  ['filters the answer', 'refusal', message({ content: 'Half' }, 'content_filter')],
  ['filters the question', 'refusal', failing(400, { code: 'content_filter', message: 'filtered' })],
  ['refuses', 'refusal', message({ content: null, refusal: 'I cannot help with that.' })],
  ['says nothing', 'empty', says(null)],
  ['says blanks', 'empty', says(' \n ')],
  ['has empty content parts', 'empty', says([])],
  ['calls a tool that does not exist', 'bad_reply', calls('refund_customer', '{"amount":100}')],
  ['calls a tool of every object', 'bad_reply', calls('toString', '{}')],
  ['calls a tool with a reason of its own', 'bad_reply', calls('hand_over_to_person', '{"reason":"because"}')],
  ['calls a tool without its reason', 'bad_reply', calls('hand_over_to_person', '{}')],
  ['calls a tool with broken arguments', 'bad_reply', calls('hand_over_to_person', '{"reason":')],
  ['opts out with arguments', 'bad_reply', calls('opt_out', '{"contact":"all"}')],
  ['writes a tool call as text', 'bad_reply', says('<tool_call>{"name":"opt_out"}</tool_call>')],
  ['only thinks', 'empty', says('<think>The customer asks where we are.</think>')],
  ['thinks and never stops', 'empty', says('<think>The customer asks where we are. Say')],
  ['thinks in a channel', 'empty', says('<|channel|>analysis<|message|>The customer asks<|end|>')],
  ['thinks under a heading', 'empty', says('**Thinking process:**\n1. The customer asks where we are.')],
  ['leaves tokens of its template', 'bad_reply', says(`${good}<|im_end|><|im_start|>user`)],
  ['says a marker alone', 'empty', says('[[person]]')],
  ['writes too much', 'too_long', says('We are here. '.repeat(400))],
  ['is cut off', 'too_long', message({ content: 'You find us on the second' }, 'length')],
  ['answers in another script', 'wrong_language', says('我们在市场街的二楼。')],
  ['slips into another script', 'wrong_language', says(`${good} 欢迎光临`)],
  ['invents a price', 'not_grounded', says('Parking costs 12 euros an hour.')],
  ['invents a currency', 'not_grounded', says('A first visit costs $60.')],
  ['invents a discount', 'not_grounded', says('You get 10 % off.')],
  ['invents a link', 'not_grounded', says('Book at https://front-desk.example.com/book')],
  ['invents an address', 'not_grounded', says('Write to info@example.com')],
  ['invents a phone number', 'not_grounded', says('Call +1 212 555 0100')],
  ['invents a time', 'not_grounded', says('We open at 8:00.')],
  ['invents a date', 'not_grounded', says('We are closed on March 3.')],
  ['invents a number', 'not_grounded', says('We have 350 rooms.')],
]; // prettier-ignore

test.each(faults)('answers from the profile if the model %s (%s)', async (_, kind, reply) => {
  await using server = await startModelServer(reply);
  await using front = desk(server, { timeLimitMs: kind === 'timeout' ? 300 : 5000 });
  const answer = await ask(front.agent);
  expect(answer).toMatchObject({ source: 'faq', text: expect.stringContaining(offline) });
  expect(front.outcomes()).toEqual([kind]);
  expect(front.agent.status()).toMatchObject({
    fallback: false,
    model: { calls: 1, failures: { [kind]: 1 } },
  });
});

test('reports an unreachable server as refused', async () => {
  const server = await startModelServer(never);
  await server[Symbol.asyncDispose]();
  await using front = desk(server);
  expect(await ask(front.agent)).toMatchObject({ source: 'faq' });
  expect(front.outcomes()).toEqual(['refused']);
});

test('does not follow a redirect or send the message there', async () => {
  await using elsewhere = await startModelServer(says(good));
  await using server = await startModelServer((response) =>
    response.writeHead(307, { location: `${elsewhere.baseUrl}/chat/completions` }).end(),
  );
  await using front = desk(server);
  expect(await ask(front.agent)).toMatchObject({ source: 'faq' });
  expect(front.outcomes()).toEqual(['bad_reply']);
  expect(elsewhere.asked).toEqual([]);
});
