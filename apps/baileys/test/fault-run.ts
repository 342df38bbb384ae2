import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase } from '@prosaas/database';
import { type PostgresServer, poll, startPostgres } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import type { Account, Phone } from '@prosaas/simulators';
import { type DatabaseFault, type Faulty, SmallDisk, asServiceRole } from './database-faults.ts';
import { type Replica, Stack } from './harness.ts';

const PHONES = 10;
/** Between two texts of one phone. */
const PAUSE_MS = 200;
const PREPARED_MS = 500;
const RECOVERY_MS = 60_000;

interface Stored {
  contact: string;
  texts: string[];
}

/** The baileys service against a simulated WhatsApp and a PostgreSQL of its own, with a role that owns nothing. */
export class FaultRun implements AsyncDisposable {
  /** Whether the full disk is real, not emulated by a trigger. */
  readonly realDisk: boolean;
  readonly #parts: AsyncDisposableStack;
  readonly #faulty: Faulty;
  readonly #stack: Stack;
  readonly #replica: Replica;
  readonly #account: Account;

  static async start({ stallLimitMs }: { stallLimitMs: number }): Promise<FaultRun> {
    await using parts = new AsyncDisposableStack();
    const { postgres, disk } = await withDisk(parts);
    const url = await postgres.createDatabase();
    const stack = parts.use(await Stack.start(url));
    const log = createLogger({ service: 'test', instance: 'owner', level: 'silent' });
    const owner = parts.use(createDatabase({ url, applicationName: 'owner', log }));
    await disk?.use(owner);
    stack.serveFrom(await asServiceRole(owner, url));
    const replica = await stack.replica({ stallLimitMs });
    const account = await stack.pair(replica, 'shop');
    return new FaultRun(parts.move(), { postgres, owner, disk }, stack, replica, account);
  }

  private constructor(
    parts: AsyncDisposableStack,
    faulty: Faulty,
    stack: Stack,
    replica: Replica,
    account: Account,
  ) {
    this.#parts = parts;
    this.#faulty = faulty;
    this.#stack = stack;
    this.#replica = replica;
    this.#account = account;
    this.realDisk = faulty.disk !== undefined;
  }

  /**
   * Ten phones write continuously while the fault begins, lasts and ends.
   *
   * @returns the guarantees that were broken, a sentence each
   */
  async play(
    fault: DatabaseFault,
    lastsMs: number,
  ): Promise<{ broken: string[]; sent: number; reasons: string[] }> {
    const phones = Array.from({ length: PHONES }, () => this.#stack.whatsapp.addPhone());
    const writing = new AbortController();
    const written = Promise.all(phones.map((phone) => write(phone, this.#account, writing.signal)));
    const reasons = new Set<string>();
    await sleep(PREPARED_MS);
    await fault.begin(this.#faulty);
    const until = performance.now() + lastsMs;
    try {
      while (performance.now() < until) {
        await sleep(100);
        for (const reason of await this.#reasons()) reasons.add(reason);
      }
    } finally {
      await fault.end(this.#faulty);
    }
    await sleep(PREPARED_MS);
    writing.abort();
    const sent = await written;
    const total = sent.reduce((sum, texts) => sum + texts.length, 0);
    const broken = await this.#waitUntilIdle();
    const stored = await this.#stored();
    for (const [index, phone] of phones.entries()) {
      const of = stored.find(({ contact }) => contact === phone.jid);
      broken.push(...compare(phone.number, sent[index] ?? [], of));
    }
    broken.push(...(await this.#checkJobs()));
    const [unstored] = await this.#stack.rows<{ n: number }>(
      'select count(*)::int as n from unstored_messages',
    );
    if (unstored?.n !== 0) broken.push(`${unstored?.n} messages are in unstored_messages`);
    return { broken, sent: total, reasons: [...reasons] };
  }

  /** The reasons that the health check shows; it works without the database. */
  async #reasons(): Promise<string[]> {
    const { body } = await this.#replica.call('GET', '/health', { accept: 'application/health+json' });
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return [...text.matchAll(/"(database_[a-z_]+)":/g)].map(([, reason = '']) => reason);
  }

  async #waitUntilIdle(): Promise<string[]> {
    try {
      await poll(() => Promise.resolve(this.#account.pending === 0), {
        timeoutMs: RECOVERY_MS,
        what: 'everything acknowledged',
      });
      const { reason } = await this.#replica.until('shop', 'WORKING');
      return reason === null ? [] : [`the session still says ${reason}`];
    } catch {
      const { status, reason } = await this.#replica.session('shop');
      const { pending } = this.#account;
      return [`${pending} messages were not acknowledged in time; the session is ${status} (${reason})`];
    }
  }

  #stored(): Promise<Stored[]> {
    return this.#stack.rows<Stored>(
      `select c.contact, array_agg(m.text order by m.seq) as texts
       from messages m join conversations c on c.id = m.conversation_id group by c.contact`,
    );
  }

  /** No worker runs: each message has to have one job. */
  async #checkJobs(): Promise<string[]> {
    const [messages] = await this.#stack.rows<{ n: number }>('select count(*)::int as n from messages');
    let jobs = 0;
    const isEach = async (): Promise<boolean> => {
      const [rows] = await this.#stack.rows<{ n: number }>('select count(*)::int as n from jobs');
      jobs = rows?.n ?? 0;
      return jobs === messages?.n;
    };
    try {
      await poll(isEach, { timeoutMs: RECOVERY_MS, what: 'a job of each message' });
      return [];
    } catch {
      return [`${messages?.n} messages have ${jobs} jobs`];
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync();
  }
}

async function withDisk(
  parts: AsyncDisposableStack,
): Promise<{ postgres: PostgresServer; disk: SmallDisk | undefined }> {
  // Unmounted when PostgreSQL has stopped.
  const last = parts.use(new AsyncDisposableStack());
  const postgres = parts.use(await startPostgres());
  const disk = await SmallDisk.mount(postgres);
  if (disk) last.use(disk);
  return { postgres, disk };
}

async function write(phone: Phone, account: Account, signal: AbortSignal): Promise<string[]> {
  const texts: string[] = [];
  while (!signal.aborted) {
    const text = `${phone.number} ${texts.length}`;
    await phone.sendText(account, text, { awaitDelivery: false });
    texts.push(text);
    await sleep(PAUSE_MS);
  }
  return texts;
}

function compare(number: string, sent: readonly string[], stored: Stored | undefined): string[] {
  const texts = stored?.texts ?? [];
  const lost = sent.filter((text) => !texts.includes(text)).length;
  const twice = texts.length - new Set(texts).size;
  if (lost > 0 || twice > 0)
    return [`${number}: of ${sent.length} messages ${lost} are lost and ${twice} stored twice`];
  return texts.join() === sent.join() ? [] : [`${number}: the messages are stored in another order`];
}
