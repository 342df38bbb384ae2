import { AgentConfig, type AgentFields } from '@prosaas/agentkit';
import { DeadLetterConfig } from '@prosaas/queues';
import {
  CommonConfig,
  KeysConfig,
  OptionalParsed,
  Secret,
  Seconds,
  UrlText,
  Integer,
  type CommonFields,
  type Field,
  type KeysFields,
  type OptionalField,
} from '@prosaas/runtime';
import { parseSender, parseSmtpUrl } from './mailer.ts';
import { Type, type Static, type TObject } from 'typebox';

type WorkerFields = CommonFields &
  KeysFields &
  AgentFields &
  typeof DeadLetterConfig.properties & {
    BAILEYS_URL: Field<string>;
    WORKER_CONCURRENCY: Field<number>;
    WORKER_SENDS_PER_SECOND: Field<number>;
    SMTP_URL: OptionalField<string>;
    MAIL_FROM: OptionalField<string>;
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
  Integer(fallback, `Days that ${what} are kept; 0: for ever`, { maximum: 36_500 });

export const Config: TObject<WorkerFields> = Type.Object({
  ...CommonConfig.properties,
  ...KeysConfig.properties,
  ...AgentConfig.properties,
  ...DeadLetterConfig.properties,
  BAILEYS_URL: UrlText('http://localhost:3300', 'The baileys service: WhatsApp sessions and sends'),
  WORKER_CONCURRENCY: Integer(
    20,
    'Jobs of one queue at once in one worker, at most: fewer while its event loop is late',
    { minimum: 1, maximum: 200 },
  ),
  WORKER_SENDS_PER_SECOND: Integer(
    100,
    'WhatsApp messages that all workers together send in a second, at most',
    {
      minimum: 1,
      maximum: 10_000,
    },
  ),
  SMTP_URL: Secret(
    'Mail server for notices to people: smtp://user:password@host:587, or smtps:// for TLS from the start; unset: none by e-mail',
    parseSmtpUrl,
  ),
  MAIL_FROM: OptionalParsed(
    'Sender of that mail; unset: the user of SMTP_URL where that is an address, else prosaas@ that server',
    parseSender,
  ),
  AGENT_MOST_ANSWERS: Integer(
    30,
    'Answers of the agent in one chat within AGENT_MOST_ANSWERS_MINUTES, at most: then a person takes over; 0: any number',
    { minimum: 0, maximum: 100_000 },
  ),
  AGENT_MOST_ANSWERS_MINUTES: Integer(10, 'The time in which AGENT_MOST_ANSWERS are counted', {
    minimum: 1,
    maximum: 10_080,
  }),
  WORKER_HEARTBEAT_SECONDS: Seconds(30, 'How often the worker writes worker:heartbeat', {
    minimum: 1,
    maximum: 30,
  }),
  WORKER_EXIT_AFTER_SECONDS: Seconds(
    120,
    'Seconds without work, although Redis answers, after which a worker exits with code 70 to be restarted; 0: never',
    { minimum: 0, maximum: 86_400 },
  ),
  RETENTION_MESSAGES_DAYS: Days(365, 'messages'),
  RETENTION_RECORDINGS_DAYS: Days(90, 'recordings of calls'),
  RETENTION_CALLS_DAYS: Days(365, 'calls'),
  RETENTION_AUDIT_DAYS: Days(365, 'the audit log: uses of keys'),
});
export type Config = Static<typeof Config>;
