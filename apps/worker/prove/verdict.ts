import type { QueueTotals } from '@prosaas/queues';
import type { Fed } from './feeder.ts';
import type { Sent } from './peer.ts';
import type { QueueRows, Rows } from './rows.ts';

export interface ReplyRow {
  /** The message that it answers, and what became of that. */
  asked: string;
  asked_status: string;
  contact: string;
  id: string | null;
  status: string | null;
}

/** Of the dead letter. */
export interface DeadRow {
  queue: string;
  /** That its message answers; null where the job has none. */
  asked: string | null;
  /** Of a payload that does not fit. */
  turn: number | null;
  reason: string;
}

/** A process that a message took with it. */
interface Death {
  message: string;
  process: 'worker' | 'child';
  /** The worker, or that of the process. */
  worker: number;
  at: number;
}

/** Of each sort of process that a message may take with it before it is given up. */
const MOST_DEATHS = 2;
/** How long a worker that is left alone takes to note a death. */
const NOTING_MS = 1000;
/** The search for lost jobs, and the work. */
const MOST_REST_MS = 60_000;

/** What there was when nothing happened any more. */
export interface Rest {
  /** Messages that were accepted by then. */
  accepted: number;
  totals: QueueTotals;
  rows: Rows;
}

export interface Evidence {
  fed: Fed;
  sent: readonly Sent[];
  /** Every inbound message with its reply, in the order of arrival. */
  replies: readonly ReplyRow[];
  /** After the faults; then the dead letter is replayed, messages are fed, and Redis is emptied. */
  afterFaults: Rest & { dead: readonly DeadRow[] };
  /** Of those that the peer refused, each asked for twice. */
  replayed: number;
  atEnd: Rest;
  /** From Redis' being emptied to the rest. */
  restMs: number;
  /** Taken while all went on: of Redis until it was emptied, of PostgreSQL to the end. */
  readings: readonly QueueTotals[];
  rowReadings: readonly Rows[];
  deaths: readonly Death[];
  /** When workers were killed from outside, by their ids. */
  killed: ReadonlyMap<number, number>;
  frozen: readonly Frozen[];
  databaseAway: readonly Span[];
}

/** In Unix ms. */
export interface Span {
  from: number;
  to: number;
}

/** While a worker was stopped. */
export interface Frozen extends Span {
  worker: number;
}

export function readDeaths(lines: string): Death[] {
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [message = '', process, worker, at] = line.split(' ');
      return { message, process: process as Death['process'], worker: Number(worker), at: Number(at) };
    });
}

/** Every promise that was broken, in words. Pure. */
export function judge(evidence: Evidence): string[] {
  return [
    ...judgeReplies(evidence),
    ...judgeOrder(evidence),
    ...judgeDeadLetter(evidence),
    ...judgeRest(evidence),
    ...judgeReadings(evidence.readings),
    ...judgeRowReadings(evidence.rowReadings),
    ...judgeDeaths(evidence),
  ];
}

function judgeReplies({ fed, sent, replies }: Evidence): string[] {
  const broken: string[] = [];
  const byAsked = new Map(replies.map((row) => [row.asked, row]));
  const keys = new Map(sent.map((message) => [message.key, message]));
  for (const { id, contact, failure } of fed.accepted) {
    const row = byAsked.get(id);
    if (row === undefined) broken.push(`message ${id} was accepted and is gone`);
    else if (row.asked_status !== (failure === 'POISON' ? 'waiting_for_person' : 'answered'))
      broken.push(`message ${id} is ${row.asked_status}`);
    else if (row.id === null) broken.push(`message ${id} has no reply`);
    else if (failure === 'POISON') {
      if (row.status !== 'failed') broken.push(`reply ${row.id} to ${contact} is ${row.status}`);
      if (keys.has(row.id)) broken.push(`reply ${row.id} to ${contact} was sent`);
    } else if (row.status !== 'sent') broken.push(`reply ${row.id} is ${row.status}`);
    else if (keys.get(row.id)?.chatId !== contact) broken.push(`reply ${row.id} did not go to ${contact}`);
  }
  if (replies.length !== fed.accepted.length)
    broken.push(`${replies.length} messages with their replies, not ${fed.accepted.length}`);
  const wanted = new Set(replies.map(({ id }) => id));
  broken.push(
    ...sent.filter(({ key }) => !wanted.has(key)).map(({ key }) => `${key} was sent and nobody asked for it`),
  );
  const repeated = sent.length - keys.size;
  if (repeated > 0) broken.push(`${repeated} messages were sent twice`);
  return broken;
}

/** Each contact hears the answers in the order of the questions. */
function judgeOrder({ sent, replies }: Evidence): string[] {
  const heard = Map.groupBy(sent, ({ chatId }) => chatId);
  const asked = Map.groupBy(
    replies.filter(({ status }) => status === 'sent'),
    ({ contact }) => contact,
  );
  return [...asked].flatMap(([contact, rows]) => {
    const right = rows.map(({ id }) => id).join();
    const got = (heard.get(contact) ?? []).map(({ key }) => key).join();
    return right === got ? [] : [`${contact} heard the answers in another order`];
  });
}

function judgeDeadLetter({ fed, afterFaults: { dead }, replayed }: Evidence): string[] {
  const wanted = new Map<string, string>();
  for (const turn of fed.badPayloads) wanted.set(`inbound-messages ${turn}`, 'PAYLOAD_INVALID');
  for (const { id, failure } of fed.accepted) {
    if (failure !== undefined) wanted.set(`outbound-messages ${id}`, failure);
  }
  const broken: string[] = [];
  for (const { queue, asked, turn, reason } of dead) {
    const name = `${queue} ${asked ?? turn}`;
    const why = wanted.get(name);
    if (why === undefined)
      broken.push(`${name} is in the dead letter and was not built to fail, or twice: ${reason}`);
    else if (!reason.startsWith(why)) broken.push(`${name} is in the dead letter for ${reason}, not ${why}`);
    wanted.delete(name);
  }
  for (const name of wanted.keys()) broken.push(`${name} was built to fail and is not in the dead letter`);
  const { refused } = builtToFail(fed);
  if (replayed !== refused) broken.push(`${replayed} jobs were replayed, not ${refused}`);
  return broken;
}

function builtToFail({ accepted }: Fed): { refused: number; poison: number } {
  const count = (why: string): number => accepted.filter(({ failure }) => failure === why).length;
  return { refused: count('SEND_REFUSED'), poison: count('POISON') };
}

function judgeRest({ fed, afterFaults, atEnd, restMs, replayed }: Evidence): string[] {
  const { refused, poison } = builtToFail(fed);
  const bad = fed.badPayloads.size;
  const wantedOf = (accepted: number, again: number): Record<string, QueueRows> => ({
    'inbound-messages': {
      inserted: accepted + bad + fed.unknownMessages,
      closed: accepted + fed.unknownMessages,
      failed: bad,
      open: 0,
      dead: bad,
    },
    'outbound-messages': {
      inserted: accepted + again,
      closed: accepted - poison - refused + again,
      failed: refused + poison,
      open: 0,
      dead: refused + poison - again,
    },
  });
  const broken = [
    ...compareRows('after the faults', afterFaults.rows, wantedOf(afterFaults.accepted, 0)),
    ...compareTotals(afterFaults),
    ...compareRows('at the end', atEnd.rows, wantedOf(atEnd.accepted, replayed)),
  ];
  if (restMs > MOST_REST_MS)
    broken.push(`${Math.round(restMs / 1000)} s went by before all went on that Redis had lost`);
  return broken;
}

function compareRows(when: string, { queues }: Rows, wanted: Record<string, QueueRows>): string[] {
  return Object.entries(wanted).flatMap(([queue, counts]) =>
    (Object.keys(counts) as (keyof QueueRows)[])
      .filter((name) => queues[queue]?.[name] !== counts[name])
      .map((name) => `${when}, ${queue}: ${name} is ${queues[queue]?.[name]}, not ${counts[name]}`),
  );
}

const none: QueueRows = { inserted: 0, closed: 0, failed: 0, open: 0, dead: 0 };

/** Redis, which lost nothing, has counted what PostgreSQL did. */
function compareTotals({ totals, rows }: Rest): string[] {
  return Object.entries(totals.queues).flatMap(([queue, { enqueued, completed, failed, ...held }]) => {
    // No job of that kind was written.
    const { inserted, closed, failed: failedRows } = rows.queues[queue] ?? none;
    const broken: string[] = [];
    if (completed !== closed) broken.push(`${queue}: Redis completed ${completed}, PostgreSQL ${closed}`);
    if (failed !== failedRows) broken.push(`${queue}: Redis failed ${failed}, PostgreSQL ${failedRows}`);
    if (enqueued !== inserted) broken.push(`${queue}: Redis took ${enqueued}, PostgreSQL ${inserted}`);
    const left = held.waiting + held.active + held.delayed;
    if (left > 0) broken.push(`${queue}: ${left} jobs are left in Redis`);
    return broken;
  });
}

function judgeReadings(readings: readonly QueueTotals[]): string[] {
  return (['enqueued', 'completed', 'failed'] as const).flatMap((name) =>
    fallsOf(readings.map((reading) => reading[name])).map((fall) => `Redis: ${name} fell by ${fall}`),
  );
}

function judgeRowReadings(readings: readonly Rows[]): string[] {
  const broken: string[] = [];
  for (const { queues, apart } of readings) {
    if (apart > 0) broken.push(`${apart} messages stood otherwise than their jobs`);
    for (const [queue, { inserted, closed, failed, open }] of Object.entries(queues)) {
      const off = inserted - closed - failed - open;
      if (off !== 0) broken.push(`${queue}: PostgreSQL's counts were off by ${off}`);
    }
  }
  for (const queue of Object.keys(readings.at(-1)?.queues ?? {})) {
    for (const name of ['inserted', 'closed', 'failed'] as const) {
      const values = readings.map(({ queues }) => queues[queue]?.[name] ?? 0);
      broken.push(...fallsOf(values).map((fall) => `${queue}: ${name} fell by ${fall}`));
    }
  }
  return broken;
}

function fallsOf(values: readonly number[]): number[] {
  return values.flatMap((value, at) => (at > 0 && value < values[at - 1]! ? [values[at - 1]! - value] : []));
}

function judgeDeaths({ deaths, killed, frozen, databaseAway }: Evidence): string[] {
  /** A worker that was killed first, or stopped so that another one did the job meanwhile, could not note the death. */
  const isNoted = ({ process, worker, at }: Death): boolean => {
    if (process === 'worker') return true;
    const dying = { from: at, to: at + NOTING_MS };
    if (frozen.some((span) => span.worker === worker && overlaps(span, dying))) return false;
    const away = databaseAway.filter((span) => overlaps(span, dying));
    const notedBy = Math.max(at, ...away.map(({ to }) => to)) + NOTING_MS;
    const killedAt = killed.get(worker) ?? Infinity;
    return killedAt < at || killedAt > notedBy;
  };
  const times = Map.groupBy(
    deaths.filter(isNoted),
    ({ message, process }) => `message ${message}: ${process}`,
  );
  return [...times]
    .filter(([, died]) => died.length > MOST_DEATHS)
    .map(([name, died]) => {
      const when = died.map(({ worker, at }) => `of worker ${worker} at ${new Date(at).toISOString()}`);
      return `${name} killed ${died.length} times: ${when.join(', ')}`;
    });
}

function overlaps(one: Span, other: Span): boolean {
  return one.from <= other.to && other.from <= one.to;
}
