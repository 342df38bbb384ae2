import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The parts of a request that tests check. */
interface ModelRequestBody {
  messages: { role: string; content: string }[];
  tools?: unknown[];
  stream?: boolean;
}

export type Reply = (response: ServerResponse, request: IncomingMessage, asked: ModelRequestBody) => unknown;

export interface TestServer extends AsyncDisposable {
  baseUrl: string;
  asked: ModelRequestBody[];
  /** The reply to the next requests. */
  reply: Reply;
}

/** Never answers. */
export const never: Reply = () => {};

/** Starts a fake model server on a free port. */
export async function startModelServer(reply: Reply): Promise<TestServer> {
  const asked: ModelRequestBody[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const question = JSON.parse(body) as ModelRequestBody;
      asked.push(question);
      running.reply(response, request, question);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const running: TestServer = {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    reply,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return running;
}

export const json =
  (value: unknown, status: number = 200, headers: Record<string, string> = {}): Reply =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));

/** A completion with a message. */
export const message = (fields: object, finish: string = 'stop'): Reply =>
  json({
    choices: [{ index: 0, finish_reason: finish, message: { role: 'assistant', ...fields } }],
    usage: { prompt_tokens: 100, completion_tokens: 7 },
  });

export const says = (content: unknown): Reply => message({ content });

export const calls = (name: string, args: unknown, content: string | null = null): Reply =>
  message(
    { content, tool_calls: [{ id: 'c1', type: 'function', function: { name, arguments: args } }] },
    'tool_calls',
  );

export const failing = (status: number, error: object, headers: Record<string, string> = {}): Reply =>
  json({ error }, status, headers);
