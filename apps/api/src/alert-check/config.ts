import { CommonConfig, type CommonFields, type Field, KeysConfig, type KeysFields } from '@prosaas/runtime';
import { type TObject, Type } from 'typebox';
import { ApiPort } from '../api-port.ts';

/** The settings of the api that the check needs. Importing the others would take it a second. */
export const CheckConfig: TObject<
  CommonFields & Pick<KeysFields, 'METRICS_TOKEN'> & { API_PORT: Field<number> }
> = Type.Object({
  ...CommonConfig.properties,
  METRICS_TOKEN: KeysConfig.properties.METRICS_TOKEN,
  API_PORT: ApiPort,
});
