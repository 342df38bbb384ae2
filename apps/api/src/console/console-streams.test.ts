import { once } from 'node:events';
import { type ServerResponse, createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { poll } from '@prosaas/devstack';
import { expect, test } from 'vitest';
import { ConsoleStream, ConsoleStreams } from './console-streams.ts';

/** The response to a request whose client reads nothing. */
async function responseTo({
  clientLeaves,
}: {
  clientLeaves: boolean;
}): Promise<{ response: ServerResponse; end: () => void }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => {}).pause();
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  if (clientLeaves) {
    client.destroy();
    await once(response, 'close');
  }
  return {
    response,
    end() {
      client.destroy();
      server.close();
      server.closeAllConnections();
    },
  };
}

test('ends the stream of a page that reads nothing once and closes its connection', async () => {
  const { response, end } = await responseTo({ clientLeaves: false });
  const stream = new ConsoleStream(response);
  let endCount = 0;
  stream.onEnd(() => (endCount += 1));
  for (let line = 0; line < 3; line++) stream.send('ping', 'x'.repeat(10_000));
  for (let turn = 0; turn < 3; turn++) stream.end('signed-out');
  stream.send('ping');
  await poll(() => endCount === 1 && response.destroyed, { what: 'the end' });
  end();
});

test('disconnects a page with too large a backlog', async () => {
  const { response, end } = await responseTo({ clientLeaves: false });
  const stream = new ConsoleStream(response);
  let isEnded = false;
  stream.onEnd(() => (isEnded = true));
  await poll(
    () => {
      stream.send('ping', 'x'.repeat(100_000));
      return isEnded;
    },
    { what: 'the end' },
  );
  end();
});

test('does not count a page that left before its stream began', async () => {
  const { response, end } = await responseTo({ clientLeaves: true });
  const streams = new ConsoleStreams();
  for (let turn = 0; turn < 600; turn++) {
    streams.requireRoom();
    streams.add(new ConsoleStream(response));
  }
  let isEnded = false;
  new ConsoleStream(response).onEnd(() => (isEnded = true));
  expect(isEnded).toBe(true);
  streams.end();
  expect(() => streams.requireRoom()).toThrow('takes no more');
  end();
});
