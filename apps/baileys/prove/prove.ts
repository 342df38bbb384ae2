import { setTimeout as delay } from 'node:timers/promises';
import { type Database, createDatabase, migrate } from '@prosaas/database';
import { Random, poll, startPostgres, startRedis } from '@prosaas/devstack';
import { captureConsole, createLogger } from '@prosaas/runtime';
import { type Account, startWhatsAppServer, whatsappTrustPreload } from '@prosaas/simulators';
import { Baileys } from './baileys.ts';
import type { Plan } from './plan.ts';
import { type Customer, talk } from './traffic.ts';
import { type CustomerEvidence, type Evidence, findBroken, totalsOf } from './evidence.ts';

export interface ProveOptions {
  readonly seed: number;
  readonly plan: Plan;
  readonly say: (line: string) => void;
}

const log = createLogger({ service: 'prove', instance: 'prove', level: 'silent' });
/** A message that has not arrived after this time is lost. */
const LOST_AFTER_MS = 30_000;

/** Runs the proof and prints its result; false if a promise was broken. */
export async function prove({ seed, plan, say }: ProveOptions): Promise<boolean> {
  const random = new Random(seed);
  say(`seed ${seed}${plan.withFaults ? ', with the faults of the client' : ''}`);
  await using stack = new AsyncDisposableStack();
  await import(whatsappTrustPreload.href);
  captureConsole(log);
  const [redis, postgres, whatsapp] = await Promise.all([
    startRedis(),
    startPostgres(),
    startWhatsAppServer(),
  ]);
  for (const one of [redis, postgres, whatsapp]) stack.use(one);
  const databaseUrl = await postgres.createDatabase();
  await migrate({ url: databaseUrl, log });
  const db = stack.use(createDatabase({ url: databaseUrl, size: 4, applicationName: 'prove', log }));
  const baileys = stack.use(
    await Baileys.open(
      {
        REDIS_URL: redis.url,
        DATABASE_URL: databaseUrl,
        WHATSAPP_WS_URL: whatsapp.url,
        LOG_LEVEL: 'CRITICAL',
        DRAIN_SECONDS: '0',
      },
      plan.withFaults,
    ),
  );
  const launch = (): void => baileys.launch(random.pick(plan.deviceCacheMs));
  launch();
  await baileys.createSession();
  const account = await whatsapp.scanQr(await baileys.qr());
  await baileys.untilWorking();
  await slowCommits(db, plan);

  const customers: Customer[] = Array.from({ length: plan.phones }, () => ({
    phone: whatsapp.addPhone(),
    wrote: [],
    sent: [],
  }));
  const stopping = new AbortController();
  const talking = Promise.all(
    customers.map((customer) =>
      talk(customer, { baileys, account, plan, random: random.fork() }, stopping.signal),
    ),
  );
  for (let kills = 1; kills <= plan.kills; kills += 1) {
    baileys.prepare();
    await delay(random.whole(...plan.killAfterMs));
    await baileys.kill();
    launch();
    await baileys.untilWorking();
    if (kills % 5 === 0) say(`${kills} of ${plan.kills} kills, ${totalsOf(evidenceOf(customers)).sent} sent`);
  }
  const recoveredAt = performance.now();
  stopping.abort();
  await talking;
  const restMs = await waitForRest(db, account, customers, recoveredAt);

  const evidence = {
    ...(await collectEvidence(db, customers, baileys)),
    restMs,
    restWithinMs: plan.restWithinMs,
  };
  const totals = totalsOf(evidence.customers);
  say(`${plan.kills} kills; ${totals.sent} messages sent, ${totals.wrote} written by customers`);
  say(
    `unreadable at first: ${totals.unreadableThere} copies of those sent, ${totals.unreadableHere} of those written`,
  );
  say(`lost: ${totals.sentLost} of those sent, ${totals.wroteLost} of those written`);
  say(restMs === undefined ? 'never at rest' : `at rest after ${Math.round(restMs)} ms`);
  const broken = findBroken(evidence);
  for (const one of broken) say(`BROKEN: ${one}`);
  say(broken.length === 0 ? 'kept' : 'BROKEN');
  return broken.length === 0;
}

/** Slows down writes of Signal keys by a trigger in the database, outside of the service. */
async function slowCommits(db: Database, { slowCommitMs }: Plan): Promise<void> {
  await db.query(`create function take_time() returns trigger language plpgsql as
    'begin perform pg_sleep(random() * ${slowCommitMs} / 1000); return null; end'`);
  await db.query(`create trigger slow after insert or update or delete on whatsapp_keys
    for each statement execute function take_time()`);
}

/** Waits until nothing is in progress, and returns the time since `recoveredAt`; undefined if something was lost. */
async function waitForRest(
  db: Database,
  account: Account,
  customers: readonly Customer[],
  recoveredAt: number,
): Promise<number | undefined> {
  const isAtRest = async (): Promise<boolean> => {
    const { sentLost, wroteLost } = totalsOf(evidenceOf(customers, await readStored(db)));
    return account.pending === 0 && sentLost === 0 && wroteLost === 0 && (await countNotDelivered(db)) === 0;
  };
  return poll(isAtRest, { timeoutMs: LOST_AFTER_MS, everyMs: 50, what: 'rest' }).then(
    () => performance.now() - recoveredAt,
    () => undefined,
  );
}

/** Unix ms at which each inbound message was stored, by WhatsApp's id. */
async function readStored(db: Database): Promise<Map<string, number>> {
  const rows = await db.query<{ external_id: string; at: Date }>(
    `select external_id, created_at as at from messages where direction = 'inbound'`,
  );
  return new Map(rows.map(({ external_id: id, at }) => [id, at.getTime()]));
}

async function count(db: Database, sql: string): Promise<number> {
  const [row] = await db.query<{ count: number }>(`select count(*)::int as count from ${sql}`);
  return row?.count ?? 0;
}

const countNotDelivered = (db: Database): Promise<number> =>
  count(db, 'whatsapp_sends where delivered_at is null');

function evidenceOf(
  customers: readonly Customer[],
  stored: ReadonlyMap<string, number> = new Map(),
): CustomerEvidence[] {
  return customers.map(({ phone, wrote, sent }) => ({
    number: phone.number,
    sent,
    received: phone.received.map(({ text }) => text),
    unreadable: phone.unreadable,
    wrote,
    stored,
    repeatRequests: phone.repeatRequests,
  }));
}

async function collectEvidence(
  db: Database,
  customers: readonly Customer[],
  { unexpected }: Baileys,
): Promise<Omit<Evidence, 'restMs' | 'restWithinMs'>> {
  return {
    customers: evidenceOf(customers, await readStored(db)),
    undelivered: await count(db, 'whatsapp_sends where undelivered_at is not null'),
    notDelivered: await countNotDelivered(db),
    storedTwice: await count(
      db,
      `(select 1 from messages where direction = 'inbound' group by external_id having count(*) > 1) twice`,
    ),
    unexpected,
  };
}
