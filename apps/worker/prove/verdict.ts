import type { QueueTotals } from '@prosaas/queues';
import type { Fed } from './feeder.ts';
import type { Sent } from './peer.ts';

export interface ReplyRow {
  /** The message that it answers, and what became of that. */
  asked: string;
  asked_status: string;
  contact: string;
  id: string | null;
  status: string | null;
}

interface Letter {
  queue: string;
  jobId: string;
  reason: string;
}

/** A process that a message took with it. */
interface Death {
  message: string;
  process: 'worker' | 'sandbox';
}

/** Of each sort of process that a message may take with it before it is given up. A sandbox whose worker is killed in the same moment counts half. */
const MOST_DEATHS = { worker: 2, sandbox: 4 } as const;

export interface Evidence {
  fed: Fed;
  sent: readonly Sent[];
  /** Every inbound message with its reply, in the order of arrival. */
  replies: readonly ReplyRow[];
  letters: readonly Letter[];
  totals: QueueTotals;
  /** Taken while all went on. */
  readings: readonly QueueTotals[];
  outboxLeft: number;
  openMessages: number;
  deaths: readonly Death[];
}

export function readDeaths(lines: string): Death[] {
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [message = '', process] = line.split(' ');
      return { message, process: process as Death['process'] };
    });
}

/** Every promise that was broken, in words. Pure. */
export function judge(evidence: Evidence): string[] {
  return [
    ...judgeReplies(evidence),
    ...judgeOrder(evidence),
    ...judgeLetters(evidence),
    ...judgeBooks(evidence),
    ...judgeReadings(evidence.readings),
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
    else if (row.asked_status !== 'answered') broken.push(`message ${id} is ${row.asked_status}`);
    else if (row.id === null) broken.push(`message ${id} has no reply`);
    else if (failure !== undefined) {
      if (row.status !== 'failed') broken.push(`reply ${row.id} to ${contact} is ${row.status}`);
      if (keys.has(row.id)) broken.push(`reply ${row.id} to ${contact} was sent`);
    } else if (row.status !== 'sent') broken.push(`reply ${row.id} is ${row.status}`);
    else if (keys.get(row.id)?.chatId !== contact) broken.push(`reply ${row.id} did not go to ${contact}`);
  }
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

function judgeLetters({ fed, replies, letters }: Evidence): string[] {
  const wanted = new Map<string, string>();
  for (const key of fed.badPayloads) wanted.set(`inbound-messages ${key}`, 'PAYLOAD_INVALID');
  for (const key of fed.unknownMessages) wanted.set(`inbound-messages ${key}`, 'MESSAGE_NOT_FOUND');
  const replyTo = new Map(replies.map(({ asked, id }) => [asked, id]));
  for (const { id, failure } of fed.accepted) {
    if (failure !== undefined) wanted.set(`outbound-messages ${replyTo.get(id)}`, failure);
  }
  const broken: string[] = [];
  for (const { queue, jobId, reason } of letters) {
    const name = `${queue} ${jobId}`;
    const why = wanted.get(name);
    if (why === undefined)
      broken.push(`${name} is in the dead letter and was not built to fail, or twice: ${reason}`);
    else if (!reason.startsWith(why)) broken.push(`${name} is in the dead letter for ${reason}, not ${why}`);
    wanted.delete(name);
  }
  for (const name of wanted.keys()) broken.push(`${name} was built to fail and is not in the dead letter`);
  return broken;
}

function judgeBooks({ fed, totals, letters, outboxLeft, openMessages }: Evidence): string[] {
  const { enqueued, completed, failed, deadLetter } = totals;
  const broken: string[] = [];
  const built = fed.badPayloads.size + fed.unknownMessages.size;
  const jobs = 2 * fed.accepted.length + built;
  if (enqueued !== jobs) broken.push(`${enqueued} jobs are counted as enqueued, not ${jobs}`);
  if (balanceOf(totals) !== 0) broken.push(`the books are off by ${balanceOf(totals)}`);
  if (completed + failed !== enqueued) broken.push(`${enqueued - completed - failed} jobs have not ended`);
  if (deadLetter !== failed || letters.length !== failed)
    broken.push(`${failed} jobs failed, ${deadLetter} were moved, ${letters.length} are in the dead letter`);
  if (outboxLeft > 0) broken.push(`${outboxLeft} rows are left in the outbox`);
  if (openMessages > 0) broken.push(`${openMessages} messages stand open`);
  return broken;
}

function judgeReadings(readings: readonly QueueTotals[]): string[] {
  const broken = readings
    .filter((reading) => balanceOf(reading) !== 0)
    .map(() => 'a reading did not balance');
  for (const name of ['enqueued', 'completed', 'failed', 'deadLetter'] as const) {
    for (let i = 1; i < readings.length; i++) {
      if (readings[i]![name] < readings[i - 1]![name]) broken.push(`${name} fell`);
    }
  }
  return broken;
}

function judgeDeaths({ deaths }: Evidence): string[] {
  const sorts = ['worker', 'sandbox'] as const;
  return sorts.flatMap((sort) => {
    const times = Map.groupBy(
      deaths.filter(({ process }) => process === sort),
      ({ message }) => message,
    );
    return [...times]
      .filter(([, died]) => died.length > MOST_DEATHS[sort])
      .map(([message, died]) => `message ${message} killed a ${sort} ${died.length} times`);
  });
}

function balanceOf({ enqueued, completed, failed, queues }: QueueTotals): number {
  const held = Object.values(queues).reduce((sum, q) => sum + q.waiting + q.active + q.delayed, 0);
  return enqueued - completed - failed - held;
}
