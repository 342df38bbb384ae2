import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogger } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import { ask, asked, desk, good, monday, profile } from './test-agent.ts';
import { type Reply, calls, failing, message, never, says, startModelServer } from './test-server.ts';

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

test('logs a failing server in one line without stack, key or message texts', async () => {
  await using server = await startModelServer(failing(401, { message: 'no secret-key here' }));
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ service: 'test', instance: 'test', level: 'info', destination });
  await using front = desk(server, { log });
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
