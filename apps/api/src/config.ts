import { AgentConfig } from '@prosaas/agentkit/offline';
import { DeadLetterConfig } from '@prosaas/queues';
import {
  CommonConfig,
  type Field,
  KeysConfig,
  type OptionalField,
  Parsed,
  Text,
  UrlText,
  Integer,
} from '@prosaas/runtime';
import { type Static, type TObject, Type } from 'typebox';
import { ApiPort } from './api-port.ts';
import { type CheckName, checkNames } from './checks/names.ts';

type ApiFields = typeof CommonConfig.properties &
  typeof KeysConfig.properties &
  typeof DeadLetterConfig.properties & {
    API_PORT: Field<number>;
    HOST: Field<string>;
    BAILEYS_URL: Field<string>;
    READYZ_REQUIRE: Field<CheckName[]>;
    WORKERS_EXPECTED: Field<number>;
    PROFILE_PATH: OptionalField<string>;
  };

export const ApiConfig: TObject<ApiFields> = Type.Object({
  ...CommonConfig.properties,
  ...KeysConfig.properties,
  ...DeadLetterConfig.properties,
  API_PORT: ApiPort,
  HOST: Text('127.0.0.1', 'Address that the service listens on; 0.0.0.0 is every one'),
  BAILEYS_URL: UrlText('http://localhost:3300', 'The baileys service'),
  READYZ_REQUIRE: Parsed(
    'database,baileys',
    'Checks that /readyz requires, separated by commas; the others are shown',
    parseChecks,
  ),
  // The profile for POST /api/agent/try.
  PROFILE_PATH: AgentConfig.properties.PROFILE_PATH,
  WORKERS_EXPECTED: Integer(1, 'How many workers should be alive; fewer is a warning in the health details', {
    maximum: 1000,
  }),
});

export type ApiConfig = Static<typeof ApiConfig>;

function parseChecks(text: string): CheckName[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const known: readonly string[] = checkNames;
  if (names.some((name) => !known.includes(name))) {
    throw new RangeError(`must be a comma-separated list of ${checkNames.join(', ')}`);
  }
  return [...new Set(names)] as CheckName[];
}
