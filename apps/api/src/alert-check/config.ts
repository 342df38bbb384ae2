import { CommonConfig, type CommonFields, type Field, KeysConfig, type KeysFields } from '@prosaas/runtime';
import { type TObject, Type } from 'typebox';
import { ApiPort } from '../api-port.ts';

/** Of the api's settings those that the check needs: the others would cost it a second of loading. */
export const CheckConfig: TObject<
  CommonFields & Pick<KeysFields, 'METRICS_TOKEN'> & { API_PORT: Field<number> }
> = Type.Object({
  ...CommonConfig.properties,
  METRICS_TOKEN: KeysConfig.properties.METRICS_TOKEN,
  API_PORT: ApiPort,
});
