import type { Agent } from '@prosaas/agentkit';
import type { Database } from '@prosaas/database';
import { createPace } from '@prosaas/queues';
import type { Redis } from 'ioredis';
import { createBaileysClient } from './baileys-client.ts';
import type { Handlers, QueueDefinitions } from './run-job.ts';
import { answerInbound } from './handlers/answer-inbound.ts';
import { sendOutbound } from './handlers/send-outbound.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import { messageFailer } from './lost-jobs.ts';

/** Of one conversation: how many jobs may hold a slot while another works it off. */
const MAX_WAITING = 1;

/** What each queue's jobs are done by, in the worker itself as in its sandbox. */
export function buildHandlers({
  db,
  redis,
  bullPrefix,
  queues,
  agent,
  rules,
  baileysUrl,
  secret,
  onCommitted,
}: {
  db: Database;
  redis: Redis;
  bullPrefix: string;
  queues: QueueDefinitions;
  agent: Agent;
  rules: Agent;
  baileysUrl: string;
  secret: () => string | undefined;
  /** The outbox has something to enqueue. */
  onCommitted: () => void;
}): Handlers {
  const baileys = createBaileysClient({ url: baileysUrl, secret });
  const newLine = (): KeyedMutex => new KeyedMutex({ maxWaiting: MAX_WAITING });
  const fail = messageFailer({ db, redis, bullPrefix });
  const outbound = 'outbound-messages';
  const pace = createPace({ redis, bullPrefix, queue: outbound, rate: queues[outbound].rateLimit });
  return {
    'inbound-messages': answerInbound({ db, agent, rules, line: newLine(), fail, onCommitted }),
    [outbound]: sendOutbound({ db, baileys, line: newLine(), fail, pace }),
  };
}
