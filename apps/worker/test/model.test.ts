import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadProfile } from '@prosaas/agentkit';
import { poll } from '@prosaas/devstack';
import { expect, test } from 'vitest';
import { setStage } from './stage.ts';

/** The model's answers, by the customer's text. */
const replies: Record<string, object> = {
  'Is it nice there?': { content: '<think>They ask. Say yes.</think>It is quiet, on the second floor.' },
  'Is it cheap there?': { content: 'A visit costs 5 euros, see https://cheap.example.' },
  'Where are you located?': { content: 'We are at 99 Broadway.' },
  'could you take me off whatever this is': tool('opt_out', {}),
  'hm, that is odd': tool('hand_over_to_person', { reason: 'cannot_answer' }),
};

function tool(name: string, args: object): object {
  return { content: null, tool_calls: [{ function: { name, arguments: JSON.stringify(args) } }] };
}

test('checks what a model writes, runs its tool calls, and always answers the customer', async () => {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { messages } = JSON.parse(body) as { messages: { content: string }[] };
      const message = replies[messages.at(-1)?.content ?? ''] ?? { content: 'OK' };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ choices: [{ message }] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const profile = await loadProfile();
  try {
    await using stage = await setStage();
    await using _ = await stage.worker({}, { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` });
    const texts = Object.keys(replies);
    for (const [at, text] of texts.entries()) await stage.receive(`1555020${at}@s.whatsapp.net`, text);
    const sent = await poll(
      async () => {
        const rows = await stage.db.query<{
          asked: string;
          reply: string;
          state: string;
          opted_out: boolean;
        }>(
          `select i.text as asked, o.text as reply, c.state, c.opted_out_at is not null as opted_out
           from messages i join conversations c on c.id = i.conversation_id join messages o on o.in_reply_to = i.id`,
        );
        return rows.length === texts.length && Object.fromEntries(rows.map((row) => [row.asked, row]));
      },
      { what: 'an answer to each', timeoutMs: 30_000 },
    );
    const [nice, cheap, where, off, odd] = texts.map((text) => sent[text]);
    expect(nice).toMatchObject({ reply: 'It is quiet, on the second floor.', state: 'agent' });
    expect(cheap?.reply).not.toMatch(/(?<!\d)5 euros|cheap\.example/);
    expect(where?.reply).toContain('12 Market Street');
    expect(off).toMatchObject({ reply: profile.optOut.reply, opted_out: true });
    expect(odd).toMatchObject({ state: 'waiting', opted_out: false });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
