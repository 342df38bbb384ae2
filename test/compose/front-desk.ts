import { poll } from '@prosaas/devstack';
import { expect } from 'vitest';

/** The number of the customer that most tests write as. */
export const customer = '15550001111';

export interface Urls {
  api: string;
  calls: string;
  baileys: string;
  simulator: string;
}

export interface Metrics {
  counters: Record<string, number>;
  gauges: Record<string, number>;
  complete: boolean;
  since: number;
}

export interface QueueStates {
  items: { name: string; paused: boolean; waiting: number; oldest_age_seconds: number }[];
  dead_letter_depth: number;
}

/** What every restart of Redis must keep. */
export interface Kept extends Pick<Metrics, 'counters' | 'since'> {
  queues: QueueStates;
}

/** Uses the containers over HTTP: as an operator at the api, and as customers at the simulated WhatsApp. */
export class FrontDesk {
  readonly #url: Urls;
  /** Read from the api's container by the first test that needs them. */
  keys = { ADMIN_KEY: '', METRICS_TOKEN: '' };

  constructor(url: Urls) {
    this.#url = url;
  }

  #admin(): Record<string, string> {
    return { 'x-api-key': this.keys.ADMIN_KEY, 'content-type': 'application/json' };
  }

  /** Creates a session and pairs it. Returns the number of its account. */
  async pair(session: string): Promise<string> {
    const created = await fetch(`${this.#url.baileys}/api/sessions`, {
      method: 'POST',
      headers: this.#admin(),
      body: JSON.stringify({ name: session }),
    });
    expect(created.status).toBe(201);
    const qr = await poll(
      async () => {
        const response = await fetch(`${this.#url.baileys}/api/${session}/auth/qr?format=raw`, {
          headers: this.#admin(),
        });
        return response.ok && response.text();
      },
      { timeoutMs: 30_000, everyMs: 250, what: 'the QR code' },
    );
    await this.play('/scan', { qr, number: '15559990000' });
    return '15559990000';
  }

  /** Makes a simulated phone do something. */
  async play(path: string, body: Record<string, unknown>): Promise<void> {
    const response = await fetch(`${this.#url.simulator}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  }

  /** The texts on a phone, by default the customer's, once there are `count` of them. */
  heard(count: number, number: string = customer): Promise<string[]> {
    return poll(
      async () => {
        const response = await fetch(`${this.#url.simulator}/phones/${number}/messages`);
        const { messages } = (await response.json()) as { messages: { text: string }[] };
        return messages.length >= count && messages.map(({ text }) => text);
      },
      { timeoutMs: 60_000, everyMs: 250, what: `${count} answers` },
    );
  }

  /** The number of texts that a phone could not decrypt and requested again. */
  async unreadable(number: string): Promise<number> {
    const response = await fetch(`${this.#url.simulator}/phones`);
    const { phones } = (await response.json()) as { phones: { number: string; unreadable: number }[] };
    return phones.find((phone) => phone.number === number)!.unreadable;
  }

  async readKept(): Promise<Kept> {
    const { counters, since } = await this.metricsAtRest();
    return {
      counters,
      since,
      queues: await poll(() => this.queueStates(), { what: 'the api to reach Redis' }),
    };
  }

  async queueStates(): Promise<QueueStates> {
    const response = await fetch(`${this.#url.api}/api/queues`, { headers: this.#admin() });
    if (!response.ok) throw new Error(`/api/queues: ${response.status} ${await response.text()}`);
    const { items, ...rest } = (await response.json()) as {
      items: (QueueStates['items'][number] & { completed_per_minute: number | null })[];
      dead_letter_depth: number;
    };
    // Without the rate, which the api computes from its last minutes.
    return { ...rest, items: items.map(({ completed_per_minute: _rate, ...kept }) => kept) };
  }

  async orderQueue(queue: string, order: 'pause' | 'resume' | 'drain'): Promise<void> {
    const response = await fetch(`${this.#url.api}/api/queues/${queue}/${order}`, {
      method: 'POST',
      headers: { 'x-api-key': this.keys.ADMIN_KEY },
    });
    if (!response.ok) throw new Error(`${order} ${queue}: ${response.status} ${await response.text()}`);
  }

  /** Gives a waiting chat back to the agent. */
  async giveBack(number: string): Promise<void> {
    const conversations = `${this.#url.api}/api/conversations`;
    const headers = { 'x-api-key': this.keys.ADMIN_KEY };
    const found = await fetch(`${conversations}?contact=${number}&state=waiting`, { headers });
    const [chat] = ((await found.json()) as { items: { id: string }[] }).items;
    const answer = await fetch(`${conversations}/${chat?.id}/give-back`, { method: 'POST', headers });
    if (!answer.ok) throw new Error(`give back ${number}: ${answer.status} ${await answer.text()}`);
  }

  /** `/metrics.json` once two complete readings, a publishing interval apart, are equal. */
  async metricsAtRest(): Promise<Metrics> {
    let last = '';
    return poll(
      async () => {
        const response = await fetch(`${this.#url.api}/metrics.json?verbose`, {
          headers: { authorization: `Bearer ${this.keys.METRICS_TOKEN}` },
        });
        const metrics = (await response.json()) as Metrics;
        const { queue_jobs_enqueued = 0, queue_jobs_completed = 0, queue_jobs_failed = 0 } = metrics.counters;
        const text = JSON.stringify(metrics.counters);
        const rests =
          metrics.complete &&
          text === last &&
          queue_jobs_enqueued === queue_jobs_completed + queue_jobs_failed;
        last = text;
        return rests && metrics;
      },
      { timeoutMs: 60_000, everyMs: 2500, what: 'metrics at rest' },
    );
  }
}
