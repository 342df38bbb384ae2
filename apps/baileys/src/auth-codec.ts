import { type AuthenticationCreds, BufferJSON, type SignalDataTypeMap, proto } from '@whiskeysockets/baileys';

/** The saved keys of a session are damaged. They are never repaired silently: the session has to be paired again. */
export class CorruptAuthState extends Error {
  override name = 'CorruptAuthState';
}

/** JSON with bytes as base64. NUL is removed: PostgreSQL's jsonb can't hold it, and a push name may. */
export function encodeAuth(value: unknown): string {
  return JSON.stringify(value, BufferJSON.replacer).replaceAll(String.raw`\u0000`, '');
}

function decodeAuth(text: string): unknown {
  return JSON.parse(text, BufferJSON.reviver);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
const isBytes = (value: unknown): boolean => value instanceof Uint8Array && value.length > 0;
const isKeyPair = (value: unknown): boolean =>
  isObject(value) && isBytes(value['public']) && isBytes(value['private']);
const isCount = (value: unknown): boolean => Number.isInteger(value);

const CREDENTIAL_FIELDS: Record<string, (value: unknown) => boolean> = {
  noiseKey: isKeyPair,
  pairingEphemeralKeyPair: isKeyPair,
  signedIdentityKey: isKeyPair,
  signedPreKey: (value) => isObject(value) && isKeyPair(value['keyPair']) && isBytes(value['signature']),
  registrationId: isCount,
  advSecretKey: (value) => typeof value === 'string' && value.length > 0,
  nextPreKeyId: isCount,
  firstUnuploadedPreKeyId: isCount,
  me: (value) => value === undefined || (isObject(value) && typeof value['id'] === 'string'),
};

/** @throws CorruptAuthState with the names of the damaged fields, never their values */
export function decodeCredentials(text: string): AuthenticationCreds {
  const value = decodeAuth(text);
  if (!isObject(value)) throw new CorruptAuthState('the credentials are not an object');
  const wrong = Object.entries(CREDENTIAL_FIELDS)
    .filter(([field, isRight]) => !isRight(value[field]))
    .map(([field]) => field);
  if (wrong.length > 0) throw new CorruptAuthState(`the credentials are damaged: ${wrong.join(', ')}`);
  return value as unknown as AuthenticationCreds;
}

const KEY_SHAPES: Record<keyof SignalDataTypeMap, (value: unknown) => boolean> = {
  'pre-key': isKeyPair,
  session: (value) => isObject(value) || isBytes(value),
  'sender-key': isBytes,
  'sender-key-memory': isObject,
  'app-state-sync-key': isObject,
  'app-state-sync-version': isObject,
  'lid-mapping': (value) => typeof value === 'string',
  'device-list': Array.isArray,
  tctoken: isObject,
  'identity-key': isBytes,
};

/** @throws CorruptAuthState */
export function decodeKey<T extends keyof SignalDataTypeMap>(type: T, text: string): SignalDataTypeMap[T] {
  const value = decodeAuth(text);
  if (!KEY_SHAPES[type](value)) throw new CorruptAuthState(`a key of type ${type} is damaged`);
  const key =
    type === 'app-state-sync-key' ? proto.Message.AppStateSyncKeyData.fromObject(value as object) : value;
  return key as SignalDataTypeMap[T];
}
