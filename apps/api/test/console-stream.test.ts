import { poll } from '@prosaas/devstack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestApi, adminKey, apiKey, receive, receiveFailing, startTestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
});

interface StreamEvent {
  id: string | undefined;
  event: string;
  data: string;
}

/** A page's event stream. */
class Stream implements Disposable {
  readonly events: StreamEvent[] = [];
  status = 0;
  isEnded = false;
  readonly #disconnected = new AbortController();

  static async open(headers: Record<string, string>): Promise<Stream> {
    const stream = new Stream();
    const response = await fetch(`${api.url}/api/console/stream`, {
      headers: { accept: 'text/event-stream', ...headers },
      signal: stream.#disconnected.signal,
    });
    stream.status = response.status;
    if (response.status === 200) void stream.#read(response).catch(() => {});
    else await response.text();
    return stream;
  }

  state(): Record<string, { value: unknown; failed: string | null }> {
    const parts = {};
    for (const { event, data } of this.events)
      if (event === 'state') Object.assign(parts, (JSON.parse(data) as { parts: object }).parts);
    return parts;
  }

  async #read(response: Response): Promise<void> {
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const field = (name: string): string | undefined =>
          block
            .split('\n')
            .find((line) => line.startsWith(`${name}: `) || line === `${name}:`)
            ?.slice(name.length + 1)
            .trim();
        const event = field('event');
        if (event !== undefined) this.events.push({ id: field('id'), event, data: field('data') ?? '' });
      }
    }
    this.isEnded = true;
  }

  [Symbol.dispose](): void {
    this.#disconnected.abort();
  }
}

test('streams everything first, then changes, and after a break only the missed changes', async () => {
  using stream = await Stream.open({ 'x-api-key': adminKey });
  await poll(() => stream.state()['chats'] !== undefined, { what: 'the first state' });
  expect(stream.state()['chats']).toMatchObject({ value: { waiting: 0 }, failed: null });
  const first = stream.events.find(({ event }) => event === 'state')!;
  const { conversationId } = await receive(api.db);
  await api.db.query(`update conversations set state = 'waiting', state_reason = 'asked' where id = $1`, [
    conversationId,
  ]);
  await poll(() => (stream.state()['chats']?.value as { waiting: number } | undefined)?.waiting === 1, {
    what: 'the change',
  });
  await poll(() => stream.events.some(({ event }) => event === 'ping'), {
    what: 'a ping',
    timeoutMs: 20_000,
  });

  using again = await Stream.open({ 'x-api-key': adminKey, 'last-event-id': first.id! });
  await poll(() => again.events.length > 0, { what: 'what it missed' });
  expect(Object.keys(again.state())).toContain('chats');
  expect(Object.keys(again.state())).not.toContain('build');
});

test('responds with the state as JSON for pages behind a proxy that blocks streams', async () => {
  const state = await api.json('/api/console/state');
  expect(state['parts']).toMatchObject({ chats: { failed: null } });
  const later = await api.json(`/api/console/state?since=${String(state['id'])}`);
  expect(Object.keys(later['parts'] as object)).not.toContain('build');
});

test('shows each key only its own parts and business', async () => {
  await api.db.query(`insert into businesses (id, name) values ('other', 'Other')`);
  const { conversationId } = await receive(api.db, { businessId: 'other' });
  await api.db.query(`update conversations set state = 'waiting' where id = $1`, [conversationId]);
  const before = (await api.json('/api/console/state'))['parts'] as Record<
    string,
    { value: { waiting: number } }
  >;
  expect(Object.keys(before)).not.toContain('queues');
  expect(before['chats']?.value.waiting).toBe(1);
  await poll(
    async () => {
      const all = (await api.json('/api/console/state', adminKey))['parts'] as typeof before;
      return all['chats']?.value.waiting === 2 && all['queues'] !== undefined;
    },
    { what: 'both businesses' },
  );
  const history = await api.get('/api/console/history');
  expect(history.status).toBe(403);
});

test('counts failed jobs within the business of the key', async () => {
  const depths = async (key?: string): Promise<unknown> => {
    const { parts } = (await api.json('/api/console/state', key)) as {
      parts: Record<string, { value: unknown }>;
    };
    return parts['dead_letter']?.value;
  };
  await api.db.query(`insert into businesses (id, name) values ('other', 'Other') on conflict do nothing`);
  await receiveFailing(api.db, ['A: 1']);
  await poll(async () => ((await depths()) as { depth: number }).depth === 1, { what: 'her failed job' });
  const other = await receive(api.db, { businessId: 'other' });
  await api.db.query('update jobs set failed_at = now(), enqueued_at = null, failure = $2 where id = $1', [
    other.jobId,
    'B: 2',
  ]);
  await poll(async () => ((await depths(adminKey)) as { depth: number }).depth === 2, { what: 'both' });
  expect(await depths()).toMatchObject({ depth: 1, newest: expect.any(String), kept_days: 30 });
});

test('ends the stream after a sign-out', async () => {
  const signedIn = await fetch(`${api.url}/api/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key: apiKey }),
  });
  const cookie = signedIn.headers.get('set-cookie')!.split(';', 1)[0]!;
  using stream = await Stream.open({ cookie });
  await fetch(`${api.url}/api/sign-out`, {
    method: 'POST',
    headers: { cookie, 'x-requested-with': 'console', 'content-type': 'application/json' },
    body: '{}',
  });
  await poll(() => stream.isEnded, { what: 'the end', timeoutMs: 20_000 });
  expect(stream.events.at(-1)?.event).toBe('signed-out');
});

test('responds with 406 to clients that expect no stream, and sends everything for an unknown event id', async () => {
  const response = await api.get('/api/console/stream');
  expect(response.status).toBe(406);
  using stream = await Stream.open({ 'x-api-key': adminKey, 'last-event-id': 'x.999999' });
  await poll(() => stream.state()['build'] !== undefined, { what: 'everything' });
  expect((await api.get('/api/console/state?since=%00')).status).toBe(400);
});

test('serves about 500 of 1,000 pages and responds to the others with 503', async () => {
  const streams: Stream[] = [];
  try {
    for (let batch = 0; batch < 20; batch++) {
      streams.push(
        ...(await Promise.all(Array.from({ length: 50 }, () => Stream.open({ 'x-api-key': adminKey })))),
      );
    }
    const served = streams.filter(({ status }) => status === 200).length;
    expect(served).toBeGreaterThan(450);
    expect(served).toBeLessThanOrEqual(500);
    expect(streams.filter(({ status }) => status === 503)).toHaveLength(1000 - served);
    // Other routes still respond.
    expect((await api.get('/api/me')).status).toBe(200);
  } finally {
    for (const stream of streams) stream[Symbol.dispose]();
  }
  await poll(async () => (await Stream.open({ 'x-api-key': adminKey })).status === 200, {
    what: 'room again',
  });
}, 120_000);

test('shuts down while streams are open', async () => {
  await using own = await startTestApi();
  const response = await fetch(`${own.url}/api/console/stream`, {
    headers: { accept: 'text/event-stream', 'x-api-key': adminKey },
  });
  await own[Symbol.asyncDispose]();
  await response.text();
});
