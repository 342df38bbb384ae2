import { hostname } from 'node:os';
import { CommonConfig, KeysConfig, OptionalUrl, Parsed, Port, Text } from '@prosaas/runtime';
import { DEFAULT_CONNECTION_CONFIG, type WAVersion } from '@whiskeysockets/baileys';
import { type Static, Type } from 'typebox';

export const BaileysConfig = Type.Object({
  ...CommonConfig.properties,
  ...KeysConfig.properties,
  BAILEYS_PORT: Port(3300, 'Port of the baileys service'),
  HOST: Text('127.0.0.1', 'Address that the service listens on; 0.0.0.0 is every one'),
  BAILEYS_ADVERTISE_URL: OptionalUrl(
    'Where other replicas of the baileys service reach this one; unset: http://<hostname>:<port>',
  ),
  WHATSAPP_WS_URL: OptionalUrl("A WhatsApp server; unset: WhatsApp's own", ['ws', 'wss']),
  WHATSAPP_VERSION: Parsed(
    DEFAULT_CONNECTION_CONFIG.version.join('.'),
    'Version of WhatsApp Web that the client says it is; a new one is needed when WhatsApp refuses it (405)',
    parseVersion,
  ),
});
export type BaileysConfig = Static<typeof BaileysConfig>;

function parseVersion(text: string): WAVersion {
  const parts = /^(\d{1,10})\.(\d{1,10})\.(\d{1,12})$/.exec(text)?.slice(1).map(Number);
  if (!parts) throw new RangeError('must be three numbers such as 2.3000.1023223821');
  return parts as WAVersion;
}

/** @param port the port that the service listens on */
export function advertisedUrl(config: BaileysConfig, port: number): string {
  const host = config.HOST === '127.0.0.1' ? '127.0.0.1' : hostname();
  return config.BAILEYS_ADVERTISE_URL ?? `http://${host}:${port}`;
}
