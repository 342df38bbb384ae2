import { loadProfile } from '@prosaas/agentkit';
import { type Stack, poll, startPostgres, startStack } from '@prosaas/devstack';
import {
  type Account,
  type Phone,
  startTelephonyProvider,
  startWhatsAppServer,
  whatsappTrustPreload,
} from '@prosaas/simulators';
import { ask, bearer } from '../spec/support/ask.ts';

const keys = { ADMIN_KEY: 'an-admin-key-of-tests', METRICS_TOKEN: 'a-metrics-token-of-tests' };
const calls = { TWILIO_AUTH_TOKEN: 'simulated', PUBLIC_URL: 'http://localhost:5050' };
const admin = { 'x-api-key': keys.ADMIN_KEY, 'content-type': 'application/json' };
const customers = 4;

export interface Metrics {
  counters: Record<string, number>;
  since: number;
  complete: boolean;
}

export interface QueueStates {
  items: {
    name: string;
    paused: boolean;
    waiting: number;
    active: number;
    delayed: number;
    pending: number;
  }[];
  dead_letter_depth: number;
}

/** The services as processes, customers who write and call, and a PostgreSQL that keeps running. */
export interface FrontDesk extends AsyncDisposable {
  /** The number of messages that the customers have sent (`asked`), and of texts that they have received (`heard`). */
  asked(): number;
  heard(): number;
  /** Sends one message. The customers take turns. */
  write(): Promise<void>;
  /** Makes a phone call and waits for its end. */
  call(): Promise<void>;
  metrics(): Promise<Metrics>;
  queues(): Promise<QueueStates>;
  order(queue: string, order: 'pause' | 'resume' | 'drain'): Promise<void>;
  /** Stops all services. `start` starts them with another Redis. */
  stop(): Promise<void>;
  start(redisUrl: string): Promise<void>;
  /** The output of the running services. */
  output(): string;
}

export async function openFrontDesk(redisUrl: string): Promise<FrontDesk> {
  await using opened = new AsyncDisposableStack();
  const whatsapp = opened.use(await startWhatsAppServer());
  const postgres = opened.use(await startPostgres());
  const { faq } = await loadProfile(undefined);
  let stack: Stack | undefined;
  const stop = async (): Promise<void> => {
    await stack?.[Symbol.asyncDispose]();
    stack = undefined;
  };
  const start = async (url: string): Promise<void> => {
    const env = {
      ...keys,
      ...calls,
      WHATSAPP_WS_URL: whatsapp.url,
      NODE_OPTIONS: `--import ${whatsappTrustPreload.href}`,
      DRAIN_SECONDS: '0',
      WORKER_HEARTBEAT_SECONDS: '1',
      // The customers write as fast as programs do.
      AGENT_MOST_ANSWERS: '0',
    };
    stack = await startStack({ redisUrl: url, databaseUrl: postgres.url, env });
  };
  opened.defer(stop);
  await start(redisUrl);

  const url = (service: 'api' | 'baileys' | 'calls'): string => {
    if (!stack) throw new Error('the services do not run');
    return stack.url[service];
  };
  const get = async (path: string, init: RequestInit): Promise<unknown> => {
    const { status, body, text } = await ask(`${url('api')}${path}`, init);
    if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
    return body;
  };
  const account: Account = await pair();
  const phones: Phone[] = Array.from({ length: customers }, () => whatsapp.addPhone());
  let asked = 0;

  async function pair(): Promise<Account> {
    await ask(`${url('baileys')}/api/sessions`, {
      method: 'POST',
      headers: admin,
      body: JSON.stringify({ name: 'front-desk' }),
    });
    const qr = await poll(
      async () => {
        const answer = await ask(`${url('baileys')}/api/front-desk/auth/qr?format=raw`, { headers: admin });
        return answer.status === 200 && answer.text;
      },
      { what: 'the QR code' },
    );
    return whatsapp.scanQr(qr);
  }

  const owned = opened.move();
  return {
    asked: () => asked,
    heard: () => phones.reduce((sum, { received }) => sum + received.length, 0),
    async write() {
      const phone = phones[asked % phones.length]!;
      const { question } = faq[asked % faq.length]!;
      asked += 1;
      await phone.sendText(account, question, { awaitDelivery: false });
    },
    async call() {
      await using provider = startTelephonyProvider({
        authToken: calls.TWILIO_AUTH_TOKEN,
        webhookUrl: url('calls'),
        publicUrl: calls.PUBLIC_URL,
      });
      await (
        await provider.call()
      ).ended;
    },
    metrics: async () => (await get('/metrics.json?verbose', bearer(keys.METRICS_TOKEN))) as Metrics,
    queues: async () => (await get('/api/queues', { headers: admin })) as QueueStates,
    async order(queue, order) {
      const { status, text } = await ask(`${url('api')}/api/queues/${queue}/${order}`, {
        method: 'POST',
        headers: { 'x-api-key': keys.ADMIN_KEY },
      });
      if (status >= 300) throw new Error(`${order} ${queue}: ${status} ${text}`);
    },
    stop,
    start,
    output: () =>
      Object.values(stack?.services ?? {})
        .map((service) => service.output())
        .join('\n'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
