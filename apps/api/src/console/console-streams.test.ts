import { once } from 'node:events';
import { type ServerResponse, createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { poll } from '@prosaas/devstack';
import { expect, test } from 'vitest';
import { ConsoleStream, ConsoleStreams } from './console-streams.ts';

/** The response to a request whose client reads nothing. */
async function responseTo(leaves: boolean): Promise<{ response: ServerResponse; end: () => void }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => {}).pause();
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  if (leaves) {
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

test('a page that reads nothing is ended once, however often that is asked for, and its connection goes', async () => {
  const { response, end } = await responseTo(false);
  const stream = new ConsoleStream(response);
  let endings = 0;
  stream.onEnd(() => (endings += 1));
  for (let line = 0; line < 3; line++) stream.send('ping', 'x'.repeat(10_000));
  for (let turn = 0; turn < 3; turn++) stream.end('signed-out');
  stream.send('ping');
  await poll(() => endings === 1 && response.destroyed, { what: 'the end' });
  end();
});

test('a page that leaves too much unread is cut off', async () => {
  const { response, end } = await responseTo(false);
  const stream = new ConsoleStream(response);
  let isOver = false;
  stream.onEnd(() => (isOver = true));
  await poll(
    () => {
      stream.send('ping', 'x'.repeat(100_000));
      return isOver;
    },
    { what: 'the end' },
  );
  end();
});

test('a page that left before its stream began takes no place', async () => {
  const { response, end } = await responseTo(true);
  const streams = new ConsoleStreams();
  for (let turn = 0; turn < 600; turn++) {
    streams.requireRoom();
    streams.add(new ConsoleStream(response));
  }
  let isOver = false;
  new ConsoleStream(response).onEnd(() => (isOver = true));
  expect(isOver).toBe(true);
  streams.end();
  expect(() => streams.requireRoom()).toThrow('takes no more');
  end();
});
