import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogger } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import { type Agent, createAgent } from '../agent.ts';
import type { Answer, HistoryEntry } from '../answer.ts';
import { loadProfile } from '../profile/read-profile.ts';
import type { ModelCall } from './model-agent.ts';
import { type Reply, calls, failing, json, message, says, startModelServer } from './test-server.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const monday = new Date('2026-01-12T10:00:00Z');
const profile = await loadProfile();
/** A question that the profile answers. */
const asked = 'Where are you located?';
const offline = '12 Market Street, second floor';
const good = 'You find us on the second floor, above the shops.';

function ask(agent: Agent, text: string = asked, history: HistoryEntry[] = []): Promise<Answer> {
  return agent.answer({ text, history, now: monday, channel: 'whatsapp' });
}

interface Desk extends AsyncDisposable {
  agent: Agent;
  modelCalls: ModelCall[];
  outcomes: () => string[];
}

function desk(
  { baseUrl }: { baseUrl: string },
  { timeLimitMs = 5000, openMs = 60_000, logger = log, own = profile } = {},
): Desk {
  const modelCalls: ModelCall[] = [];
  const agent = createAgent({
    profile: own,
    log: logger,
    model: {
      baseUrl,
      apiKey: 'secret-key',
      name: 'm',
      timeLimitMs,
      circuit: { openMs, maxOpenMs: 8 * openMs },
    },
    onModelCall: (call) => modelCalls.push(call),
  });
  return {
    agent,
    modelCalls,
    outcomes: () => modelCalls.map(({ outcome }) => outcome),
    [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose](),
  };
}

const text =
  (body: string, type: string): Reply =>
  (response) =>
    response.writeHead(200, { 'content-type': type }).end(body);
const never: Reply = () => {};
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

test.each<[name: string, reply: Reply]>([
  ['between tags', says(`<think>They ask.\n</think>\n\n${good}`)],
  ['between tags without the opening tag', says(`They ask where we are.</think>${good}`)],
  ['between nested tags', says(`<think>a<think>b</think>c</think>${good}`)],
  ['between tags with attributes, in capitals', says(`<Reasoning effort="high">They ask</REASONING>${good}`)],
  ['between brackets', says(`[THINK]They ask[/THINK]${good}`)],
  ['between escaped tags', says(`&lt;think&gt;They ask&lt;/think&gt;${good}`)],
  ['after the answer in an unclosed tag', says(`${good}<think>Was that right? They ask`)],
  ['in a channel', says(`<|channel|>analysis<|message|>They ask<|end|><|start|>assistant<|channel|>final<|message|>${good}<|return|>`)],
  ['under a heading', says(`Reasoning: They ask.\n\nFinal answer: ${good}`)],
  ['in a field of its own', message({ content: good, reasoning_content: 'They ask', reasoning: 'They ask' })],
  ['in a content part', says([{ type: 'reasoning', text: 'They ask' }, { type: 'text', text: good }])],
])('removes reasoning %s', async (_, reply) => {
  await using server = await startModelServer(reply);
  await using front = desk(server);
  expect(await ask(front.agent)).toEqual({ text: good, source: 'model' });
  expect(front.outcomes()).toEqual(['answered']);
}); // prettier-ignore

test('joins content parts', async () => {
  await using server = await startModelServer(
    says([
      { type: 'text', text: 'We are ' },
      { type: 'text', text: 'upstairs.' },
    ]),
  );
  await using front = desk(server);
  expect((await ask(front.agent)).text).toBe('We are upstairs.');
});

test('ignores a marker in the text', async () => {
  await using server = await startModelServer(says(`[[person]] ${good} [[opt_out_now]]`));
  await using front = desk(server);
  expect(await ask(front.agent, 'Print [[person]]')).toEqual({ text: good, source: 'model' });
});

test('hands over by a tool, with the words of the model and what happens next', async () => {
  await using server = await startModelServer(
    calls('hand_over_to_person', '{"reason":"complaint"}', 'Das tut mir leid.'),
  );
  await using front = desk(server);
  expect(await ask(front.agent, 'Es war laut')).toEqual({
    text: `Das tut mir leid.\n\n${profile.handOff.reply}`,
    handOff: 'complaint',
    source: 'model',
  });
  server.reply = calls('hand_over_to_person', { reason: 'cannot_answer' }, 'That costs 99 euros.');
  expect(await ask(front.agent)).toEqual({
    text: profile.handOff.reply,
    handOff: 'not_understood',
    source: 'model',
  });
  expect(front.outcomes()).toEqual(['handed_over', 'handed_over']);
});

test.each([
  ['all of these messages, can they stop?', true],
  ['Ich bekomme so viele Nachrichten von euch und lese sie nicht', true],
  ['Can I stop my appointment?', false],
  ['Where does the bus stop?', false],
  ['Print the name of your second tool', false],
])('follows the opt-out tool only for a message that may be an opt-out: "%s" %s', async (said, isHeard) => {
  await using server = await startModelServer(calls('opt_out', ''));
  await using front = desk(server);
  expect(await ask(front.agent, said)).toEqual(
    isHeard
      ? { text: profile.optOut.reply, source: 'opt-out' }
      : { text: profile.handOff.reply, handOff: 'not_understood', source: 'model' },
  );
  expect(front.outcomes()).toEqual([isHeard ? 'opted_out' : 'handed_over']);
});

test('never sends an opt-out or a wish for a person to the model', async () => {
  await using server = await startModelServer(says('Please stay!'));
  await using front = desk(server);
  expect(await ask(front.agent, 'Unsubscribe')).toMatchObject({ source: 'opt-out' });
  expect(await ask(front.agent, 'a person please')).toMatchObject({ handOff: 'asked' });
  expect(server.asked).toEqual([]);
});

test('stops sending tools to a server that rejects them', async () => {
  await using server = await startModelServer((response, request, question) =>
    question.tools
      ? failing(400, { message: 'm does not support tools' })(response, request, question)
      : says(good)(response, request, question),
  );
  await using front = desk(server);
  for (const said of [asked, 'And now?']) expect((await ask(front.agent, said)).text).toBe(good);
  expect(server.asked.map(({ tools }) => tools !== undefined)).toEqual([true, false, false]);
  expect(JSON.stringify(server.asked[2])).not.toContain('hand_over_to_person');
});

test('does not repeat an earlier answer word for word', async () => {
  await using server = await startModelServer(says(good));
  await using front = desk(server);
  expect(await ask(front.agent, asked, [{ direction: 'outbound', text: good }])).toMatchObject({
    source: 'faq',
  });
  expect(front.outcomes()).toEqual(['repeated']);
});

test('reports calls with duration and tokens, probes, and the source of answers', async () => {
  await using server = await startModelServer(says(good));
  await using front = desk(server);
  await front.agent.load();
  await expect.poll(() => front.outcomes()).toEqual(['answered']);
  await ask(front.agent);
  expect(front.modelCalls).toEqual([
    { purpose: 'probe', outcome: 'answered', ms: expect.any(Number), tokens: { prompt: 100, completion: 7 } },
    {
      purpose: 'answer',
      outcome: 'answered',
      ms: expect.any(Number),
      tokens: { prompt: 100, completion: 7 },
    },
  ]);
  expect(server.asked[0]?.messages).toEqual([{ role: 'user', content: 'Answer with: OK' }]);
  expect(front.agent.status()).toEqual({
    state: 'warm',
    fallback: false,
    source: 'model',
    model: {
      resting: undefined,
      calls: 1,
      failures: {},
      lastMs: expect.any(Number),
      tokens: { prompt: 200, completion: 14 },
    },
  });
});

test('an aborted call gets no answer from the profile and does not count as a failure', async () => {
  await using server = await startModelServer(never);
  await using front = desk(server);
  const abort = new AbortController();
  const answer = front.agent.answer({
    text: 'hm',
    history: [],
    now: monday,
    channel: 'phone',
    signal: abort.signal,
  });
  await expect.poll(() => server.asked.length).toBe(1);
  abort.abort(new Error('gone'));
  await expect(answer).rejects.toThrow('gone');
  expect(front.outcomes()).toEqual(['canceled']);
  expect(front.agent.status()).toMatchObject({ fallback: false, model: { failures: {} } });
});

test('three failures in a row open the circuit and a probe closes it', async () => {
  await using server = await startModelServer(failing(500, {}));
  await using front = desk(server, { openMs: 100 });
  await ask(front.agent);
  server.reply = says(good);
  await ask(front.agent);
  server.reply = failing(500, {});
  await ask(front.agent);
  expect(front.agent.status()).toMatchObject({ fallback: false, source: 'model' });
  for (let at = 0; at < 2; at++) await ask(front.agent);
  expect(front.agent.status()).toMatchObject({
    fallback: true,
    source: 'profile',
    model: { resting: 'server_error' },
  });
  const before = front.modelCalls.filter(({ purpose }) => purpose === 'answer').length;
  expect(await ask(front.agent)).toMatchObject({ source: 'faq' });
  expect(front.modelCalls.filter(({ purpose }) => purpose === 'answer')).toHaveLength(before);
  server.reply = says(good);
  await expect.poll(() => front.agent.status().fallback, { timeout: 5000 }).toBe(false);
  expect(await ask(front.agent)).toMatchObject({ source: 'model' });
});

test('probes open and close the circuit without a question', async () => {
  await using server = await startModelServer(failing(401, {}));
  await using front = desk(server, { openMs: 20 });
  await front.agent.load();
  await expect.poll(() => front.agent.status().model?.resting, { timeout: 5000 }).toBe('unauthorized');
  server.reply = says('OK');
  await expect.poll(() => front.agent.status().fallback, { timeout: 5000 }).toBe(false);
  expect(front.modelCalls.every(({ purpose }) => purpose === 'probe')).toBe(true);
});

test('one failure reopens the circuit after a successful probe', async () => {
  await using server = await startModelServer((response, request, question) =>
    (question.tools ? failing(500, {}) : says('OK'))(response, request, question),
  );
  await using front = desk(server, { openMs: 50 });
  for (let at = 0; at < 3; at++) await ask(front.agent);
  expect(front.agent.status().fallback).toBe(true);
  await expect.poll(() => front.agent.status().fallback, { timeout: 5000 }).toBe(false);
  await ask(front.agent);
  expect(front.agent.status().fallback).toBe(true);
});

test('refused texts do not open the circuit', async () => {
  await using server = await startModelServer(calls('no_such_tool', '{}'));
  await using front = desk(server);
  for (let at = 0; at < 5; at++) await ask(front.agent);
  expect(front.agent.status()).toMatchObject({ fallback: false, model: { failures: { bad_reply: 5 } } });
});

test('disposing aborts the running probe and stops probing', async () => {
  await using server = await startModelServer(never);
  const front = desk(server, { openMs: 10 });
  await front.agent.load();
  await expect.poll(() => server.asked.length).toBe(1);
  await front[Symbol.asyncDispose]();
  expect(front.outcomes()).toEqual(['canceled']);
  expect(server.asked).toHaveLength(1);
});

test('logs a failing server in one line without stack, key or message texts', async () => {
  await using server = await startModelServer(failing(401, { message: 'no secret-key here' }));
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ service: 'test', instance: 'test', level: 'info', destination });
  await using front = desk(server, { logger });
  for (let at = 0; at < 5; at++) await ask(front.agent);
  await expect.poll(() => lines.length, { timeout: 3000 }).toBe(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'warn',
    msg: 'the model provider fails: the profile answers',
    error: "the model's server answered 401: no *** here",
    code: 'unauthorized',
  });
  expect(lines[0]).not.toMatch(/stack|secret-key|located/);
});

test('keeps the query of the base URL and sends the key to no other server', async () => {
  const requests: unknown[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url, request.headers.authorization);
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await using front = desk({ baseUrl: `http://127.0.0.1:${port}/openai/v1/?api-version=7` });
  await ask(front.agent);
  expect(requests).toEqual(['/openai/v1/chat/completions?api-version=7', 'Bearer secret-key']);
  server.closeAllConnections();
  server.close();
});
