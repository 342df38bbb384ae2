import type { QueueTotals } from '@prosaas/queues';
import type { Fed } from './feeder.ts';
import type { Sent } from './fake-baileys.ts';
import type { QueueRows, Rows } from './rows.ts';

export interface ReplyRow {
  /** The message that it answers, and its status. */
  asked: string;
  asked_status: string;
  contact: string;
  id: string | null;
  status: string | null;
}

/** A job in the dead letter. */
export interface DeadRow {
  queue: string;
  /** The message that the job's message answers; null if the job has no message. */
  asked: string | null;
  /** The turn of a job with an invalid payload. */
  turn: number | null;
  reason: string;
}

/** The death of a process that a message killed. */
interface Death {
  message: string;
  process: 'worker' | 'child';
  /** Pid of the worker, or of the child's worker; 0 if that was gone. */
  worker: number;
  at: number;
}

/** Maximum of workers, and of child processes, that a message may kill before its job fails. */
const MAX_DEATHS = 2;
/** How long an undisturbed worker takes to record the death of a child. */
const RECORDING_MS = 1000;
/** Maximum for finding lost jobs and running them. */
const MAX_REST_MS = 60_000;

/** The counts when all jobs had ended. */
export interface Rest {
  /** Messages accepted by then. */
  accepted: number;
  totals: QueueTotals;
  rows: Rows;
}

export interface Evidence {
  fed: Fed;
  sent: readonly Sent[];
  /** Every inbound message with its reply, in the order of arrival. */
  replies: readonly ReplyRow[];
  /** After the faults, before the replays, the additional messages and the flush of Redis. */
  afterFaults: Rest & { dead: readonly DeadRow[] };
  /** Refused sends that were replayed; each replay is requested twice. */
  replayed: number;
  atEnd: Rest;
  /** From the flush of Redis until all jobs had ended. */
  restMs: number;
  /** Counts read during the run: from Redis until its flush, from PostgreSQL until the end. */
  readings: readonly QueueTotals[];
  rowReadings: readonly Rows[];
  deaths: readonly Death[];
  /** Unix ms of each kill of a worker from outside, by pid. */
  killed: ReadonlyMap<number, number>;
  frozen: readonly Frozen[];
  databaseAway: readonly Span[];
}

/** Unix ms. */
export interface Span {
  from: number;
  to: number;
}

/** When a worker was frozen. */
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

/** Returns a text for every broken promise. Pure. */
export function findBroken(evidence: Evidence): string[] {
  return [
    ...checkReplies(evidence),
    ...checkOrder(evidence),
    ...checkDeadLetter(evidence),
    ...checkRest(evidence),
    ...checkReadings(evidence.readings),
    ...checkRowReadings(evidence.rowReadings),
    ...checkDeaths(evidence),
  ];
}

function checkReplies({ fed, sent, replies }: Evidence): string[] {
  const broken: string[] = [];
  const byQuestion = new Map(replies.map((row) => [row.asked, row]));
  const keys = new Map(sent.map((message) => [message.key, message]));
  for (const { id, contact, failure } of fed.accepted) {
    const row = byQuestion.get(id);
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
    ...sent.filter(({ key }) => !wanted.has(key)).map(({ key }) => `${key} was sent and is no reply`),
  );
  const repeated = sent.length - keys.size;
  if (repeated > 0) broken.push(`${repeated} messages were sent twice`);
  return broken;
}

/** Each contact must get the answers in the order of the questions. */
function checkOrder({ sent, replies }: Evidence): string[] {
  const received = Map.groupBy(sent, ({ chatId }) => chatId);
  const answered = Map.groupBy(
    replies.filter(({ status }) => status === 'sent'),
    ({ contact }) => contact,
  );
  return [...answered].flatMap(([contact, rows]) => {
    const expected = rows.map(({ id }) => id).join();
    const actual = (received.get(contact) ?? []).map(({ key }) => key).join();
    return expected === actual ? [] : [`${contact} heard the answers in another order`];
  });
}

function checkDeadLetter({ fed, afterFaults: { dead }, replayed }: Evidence): string[] {
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

function checkRest({ fed, afterFaults, atEnd, restMs, replayed }: Evidence): string[] {
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
  if (restMs > MAX_REST_MS) broken.push(`the jobs that Redis had lost took ${Math.round(restMs / 1000)} s`);
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

/** As long as Redis has lost nothing, its counts must equal PostgreSQL's. */
function compareTotals({ totals, rows }: Rest): string[] {
  return Object.entries(totals.queues).flatMap(([queue, { enqueued, completed, failed, ...held }]) => {
    // A queue without jobs has no counts.
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

function checkReadings(readings: readonly QueueTotals[]): string[] {
  return (['enqueued', 'completed', 'failed'] as const).flatMap((name) =>
    fallsOf(readings.map((reading) => reading[name])).map((fall) => `Redis: ${name} fell by ${fall}`),
  );
}

function checkRowReadings(readings: readonly Rows[]): string[] {
  const broken: string[] = [];
  for (const { queues, inconsistent } of readings) {
    if (inconsistent > 0) broken.push(`${inconsistent} messages had another status than their jobs`);
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

function checkDeaths({ deaths, killed, frozen, databaseAway }: Evidence): string[] {
  /** Ignores deaths that the worker could not record, because it was killed first, or frozen while another one ran the job. */
  const isRecorded = ({ process, worker, at }: Death): boolean => {
    if (process === 'worker') return true;
    if (worker === 0) return false;
    const dying = { from: at, to: at + RECORDING_MS };
    if (frozen.some((span) => span.worker === worker && overlaps(span, dying))) return false;
    const away = databaseAway.filter((span) => overlaps(span, dying));
    const recordedBy = Math.max(at, ...away.map(({ to }) => to)) + RECORDING_MS;
    const killedAt = killed.get(worker) ?? Infinity;
    return killedAt < at || killedAt > recordedBy;
  };
  const times = Map.groupBy(
    deaths.filter(isRecorded),
    ({ message, process }) => `message ${message}: ${process}`,
  );
  return [...times]
    .filter(([, died]) => died.length > MAX_DEATHS)
    .map(([name, died]) => {
      const when = died.map(({ worker, at }) => `of worker ${worker} at ${new Date(at).toISOString()}`);
      return `${name} killed ${died.length} times: ${when.join(', ')}`;
    });
}

function overlaps(one: Span, other: Span): boolean {
  return one.from <= other.to && other.from <= one.to;
}
