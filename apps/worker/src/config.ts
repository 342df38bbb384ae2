import { AgentConfig, type AgentFields } from '@prosaas/agentkit';
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
  AgentFields & {
    BAILEYS_URL: Field<string>;
    WORKER_CONCURRENCY: Field<number>;
    WORKER_HEARTBEAT_SECONDS: Field<number>;
  };

export const Config: TObject<WorkerFields> = Type.Object({
  ...CommonConfig.properties,
  ...KeysConfig.properties,
  ...AgentConfig.properties,
  BAILEYS_URL: UrlText('http://localhost:3300', 'The baileys service: WhatsApp sessions and sends'),
  WORKER_CONCURRENCY: Whole(20, 'Jobs of one queue at once in one worker', { minimum: 1, maximum: 200 }),
  WORKER_HEARTBEAT_SECONDS: Seconds(30, 'How often the worker writes worker:heartbeat', {
    minimum: 1,
    maximum: 30,
  }),
});
export type Config = Static<typeof Config>;
