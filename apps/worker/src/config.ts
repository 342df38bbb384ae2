import { AgentConfig, type AgentFields } from '@prosaas/agentkit';
import { DeadLetterConfig } from '@prosaas/queues';
import {
  CommonConfig,
  KeysConfig,
  Seconds,
  UrlText,
  Whole,
  type CommonFields,
  type Field,
  type KeysFields,
} from '@prosaas/runtime';
import { Type, type Static, type TObject } from 'typebox';

type WorkerFields = CommonFields &
  KeysFields &
  AgentFields &
  typeof DeadLetterConfig.properties & {
    BAILEYS_URL: Field<string>;
    WORKER_CONCURRENCY: Field<number>;
    WORKER_SENDS_PER_SECOND: Field<number>;
    AGENT_MOST_ANSWERS: Field<number>;
    AGENT_MOST_ANSWERS_MINUTES: Field<number>;
    WORKER_HEARTBEAT_SECONDS: Field<number>;
    WORKER_EXIT_AFTER_SECONDS: Field<number>;
    RETENTION_MESSAGES_DAYS: Field<number>;
    RETENTION_RECORDINGS_DAYS: Field<number>;
    RETENTION_CALLS_DAYS: Field<number>;
    RETENTION_AUDIT_DAYS: Field<number>;
  };

const Days = (fallback: number, what: string): Field<number> =>
  Whole(fallback, `Days that ${what} are kept; 0: for ever`, { maximum: 36_500 });

export const Config: TObject<WorkerFields> = Type.Object({
  ...CommonConfig.properties,
  ...KeysConfig.properties,
  ...AgentConfig.properties,
  ...DeadLetterConfig.properties,
  BAILEYS_URL: UrlText('http://localhost:3300', 'The baileys service: WhatsApp sessions and sends'),
  WORKER_CONCURRENCY: Whole(
    20,
    'Jobs of one queue at once in one worker, at most: fewer while its event loop is late',
    { minimum: 1, maximum: 200 },
  ),
  WORKER_SENDS_PER_SECOND: Whole(
    100,
    'WhatsApp messages that all workers together send in a second, at most',
    {
      minimum: 1,
      maximum: 10_000,
    },
  ),
  AGENT_MOST_ANSWERS: Whole(
    30,
    'Answers of the agent in one chat within AGENT_MOST_ANSWERS_MINUTES, at most: then a person takes over; 0: any number',
    { minimum: 0, maximum: 100_000 },
  ),
  AGENT_MOST_ANSWERS_MINUTES: Whole(10, 'The time in which AGENT_MOST_ANSWERS are counted', {
    minimum: 1,
    maximum: 10_080,
  }),
  WORKER_HEARTBEAT_SECONDS: Seconds(30, 'How often the worker writes worker:heartbeat', {
    minimum: 1,
    maximum: 30,
  }),
  WORKER_EXIT_AFTER_SECONDS: Seconds(
    120,
    'A worker that does not work although Redis answers ends with code 70 after so long, to be started anew; 0: never',
    { minimum: 0, maximum: 86_400 },
  ),
  RETENTION_MESSAGES_DAYS: Days(365, 'messages'),
  RETENTION_RECORDINGS_DAYS: Days(90, 'recordings of calls'),
  RETENTION_CALLS_DAYS: Days(365, 'calls'),
  RETENTION_AUDIT_DAYS: Days(365, 'the audit log: uses of keys'),
});
export type Config = Static<typeof Config>;
