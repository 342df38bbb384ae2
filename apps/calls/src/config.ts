import { AgentConfig } from '@prosaas/agentkit';
import {
  CommonConfig,
  KeysConfig,
  OptionalText,
  Port,
  Secret,
  Text,
  UrlText,
  Integer,
} from '@prosaas/runtime';
import { type Static, Type } from 'typebox';

export const CallsConfig = Type.Object({
  ...CommonConfig.properties,
  ...KeysConfig.properties,
  ...AgentConfig.properties,
  CALLS_PORT: Port(5050, 'Port of the calls service'),
  HOST: Text('127.0.0.1', 'Address that the service listens on; 0.0.0.0 is every one'),
  TWILIO_AUTH_TOKEN: Secret("The telephony provider's auth token; without it no call is taken"),
  TWILIO_ACCOUNT_SID: OptionalText(
    'Account at the telephony provider: with it, calls that are lost are hung up through its REST API',
  ),
  TWILIO_API_URL: UrlText('https://api.twilio.com', "The telephony provider's REST API"),
  PUBLIC_URL: UrlText(
    'http://localhost:5050',
    'Where the telephony provider reaches the calls service: its signatures are checked against this',
  ),
  MAX_CONCURRENT_CALLS: Integer(
    15,
    'Calls at the same time, over all replicas; more are told that the line is busy',
    {
      maximum: 10_000,
    },
  ),
});
export type CallsConfig = Static<typeof CallsConfig>;
