import { createHash, randomBytes } from 'node:crypto';

import { QueryIds, XWAPaths } from '@whiskeysockets/baileys';
import type { BinaryNode } from '@whiskeysockets/baileys';

import type { AccountState } from './account.ts';
import type { Companion } from './companion.ts';
import { verifySignature } from './curve.ts';
import type { Directory } from './directory.ts';
import { child, childBytes, children, node, SERVER, textOf, uintBytes, unixSeconds } from './nodes.ts';
import type { PreKeyBundle } from './signal-device.ts';

export interface QueryContext {
  readonly query: BinaryNode;
  readonly account: AccountState;
  readonly companion: Companion;
  readonly directory: Directory;
  /** Run once the answer is on its way. */
  readonly after: (work: () => void) => void;
  /** Unlinks the client from its account. */
  readonly unlink: () => void;
  /** The client takes messages. */
  readonly ready: () => void;
}

/** The query is answered with an error stanza. */
export class QueryError extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

/** The query gets no answer. */
export class Unanswered extends Error {}

type Answer = BinaryNode[] | undefined;
type QueryHandler = (context: QueryContext) => Answer;

const done: QueryHandler = () => undefined;

const PRIVACY_CATEGORIES = ['readreceipts', 'profile', 'status', 'online', 'last', 'groupadd', 'calladd'];

/** By namespace. What is missing here is answered with 501 and recorded. */
const handlers: Readonly<Record<string, QueryHandler>> = {
  'w:p': done,
  'w:stats': done,
  'urn:xmpp:whatsapp:push': done,
  'urn:xmpp:whatsapp:dirty': done,
  disappearing_mode: done,
  status: done,
  passive({ query, after, ready }) {
    if (child(query, 'active')) after(ready);
    return undefined;
  },
  encrypt: answerEncrypt,
  usync: answerUsync,
  md({ query, after, unlink }) {
    if (!child(query, 'remove-companion-device')) throw new QueryError(501, 'feature-not-implemented');
    after(unlink);
    return undefined;
  },
  abt: () => [node('props', { protocol: '1', hash: 'simulated', refresh: '86400' })],
  blocklist: () => [node('list')],
  bot: () => [node('bot', { v: '2' })],
  privacy({ query }) {
    if (query.attrs.type === 'set') return [node('privacy')];
    const categories = PRIVACY_CATEGORIES.map((name) => node('category', { name, value: 'all' }));
    return [node('privacy', {}, categories)];
  },
  'w:profile:picture'({ query }) {
    if (query.attrs.type === 'set') return [node('picture', { id: '1' })];
    throw new QueryError(404, 'item-not-found');
  },
  'w:biz'({ query }) {
    if (query.attrs.type === 'set') return undefined;
    return [node('business_profile', { v: '244' })];
  },
  'w:g2'({ query }) {
    if (query.attrs.to === '@g.us' && child(query, 'participating')) return [node('groups')];
    throw new QueryError(404, 'item-not-found');
  },
  /** GraphQL: the restrictions of the account. */
  'w:mex'({ query, account }) {
    const data = restrictionsOf(account, child(query, 'query')?.attrs.query_id);
    if (!data) throw new QueryError(501, 'feature-not-implemented');
    return [node('result', {}, Buffer.from(JSON.stringify({ data })))];
  },
  /** Without patches: the client's own state is current. */
  'w:sync:app:state'({ query }) {
    const collections = children(child(query, 'sync'), 'collection').map(({ attrs }) =>
      node('collection', { name: attrs.name, version: attrs.version ?? '0', has_more_patches: 'false' }),
    );
    return [node('sync', {}, collections)];
  },
};

/** The content of the answer. @throws QueryError, Unanswered */
export function answerQuery(context: QueryContext): Answer {
  const handler = handlers[context.query.attrs.xmlns ?? ''];
  if (!handler) throw new QueryError(501, 'feature-not-implemented');
  return handler(context);
}

function answerEncrypt({ query, companion, directory }: QueryContext): Answer {
  const [request] = children(query);
  if (query.attrs.type === 'get') {
    switch (request?.tag) {
      case undefined:
        break;
      case 'count':
        return [node('count', { value: String(companion.preKeys.size) })];
      case 'digest':
        return [digest(companion)];
      case 'key':
        return [
          node(
            'list',
            {},
            children(request, 'user').map(({ attrs }) => keysOf(attrs.jid ?? '', directory)),
          ),
        ];
    }
  }
  if (query.attrs.type === 'set') {
    storeKeys(request?.tag === 'rotate' ? request : query, companion);
    return undefined;
  }
  throw new QueryError(501, 'feature-not-implemented');
}

/** The upload of prekeys, or the rotation of the signed one. */
function storeKeys(upload: BinaryNode, companion: Companion): void {
  const identity = childBytes(upload, 'identity');
  if (identity && !identity.equals(companion.keys.identityKey)) throw new QueryError(406, 'not-acceptable');
  const registration = childBytes(upload, 'registration');
  if (registration) companion.keys.registrationId = registration.readUInt32BE();
  const signed = readKey(child(upload, 'skey'));
  if (signed) {
    const message = Buffer.concat([Buffer.from([5]), signed.publicKey]);
    if (!signed.signature || !verifySignature(companion.keys.identityKey, message, signed.signature)) {
      throw new QueryError(406, 'the signature of the signed prekey does not verify');
    }
    companion.keys.signedPreKey = { ...signed, signature: signed.signature };
  }
  const preKeys = children(child(upload, 'list'), 'key').map((key) => readKey(key));
  if (preKeys.includes(undefined)) throw new QueryError(400, 'bad-request');
  if (preKeys.length > 0) {
    companion.addPreKeys(
      preKeys.filter((key) => key !== undefined).map(({ id, publicKey }) => [id, publicKey]),
    );
  }
}

export function readKey(
  key: BinaryNode | undefined,
): { id: number; publicKey: Buffer; signature: Buffer | undefined } | undefined {
  const id = childBytes(key, 'id');
  const publicKey = childBytes(key, 'value');
  if (id?.length !== 3 || publicKey?.length !== 32) return undefined;
  return { id: id.readUIntBE(0, 3), publicKey, signature: childBytes(key, 'signature') };
}

function writeKey(
  tag: string,
  key: { id: number; publicKey: Uint8Array; signature?: Uint8Array },
): BinaryNode {
  return node(tag, {}, [
    node('id', {}, uintBytes(key.id, 3)),
    node('value', {}, key.publicKey),
    ...(key.signature ? [node('signature', {}, key.signature)] : []),
  ]);
}

/** The nodes of a bundle, in the answer to a key query and in a retry receipt. */
export function bundleNodes(bundle: PreKeyBundle): BinaryNode[] {
  return [
    node('type', {}, Buffer.from([5])),
    node('identity', {}, bundle.identityKey),
    ...(bundle.preKey ? [writeKey('key', bundle.preKey)] : []),
    writeKey('skey', bundle.signedPreKey),
  ];
}

function digest(companion: Companion): BinaryNode {
  const { registrationId, identityKey, signedPreKey } = companion.keys;
  const hash = createHash('sha1')
    .update(identityKey)
    .update(signedPreKey.publicKey)
    .update(signedPreKey.signature);
  for (const publicKey of companion.preKeys.values()) hash.update(publicKey);
  return node('digest', {}, [
    node('registration', {}, uintBytes(registrationId, 4)),
    node('type', {}, Buffer.from([5])),
    node('identity', {}, identityKey),
    writeKey('skey', signedPreKey),
    node(
      'list',
      {},
      companion.preKeys
        .keys()
        .map((id) => node('id', {}, uintBytes(id, 3)))
        .toArray(),
    ),
    node('hash', {}, hash.digest()),
  ]);
}

function keysOf(jid: string, directory: Directory): BinaryNode {
  const found = directory.find(jid);
  if (found?.user.kind === 'phone' && found.user.withheld) throw new Unanswered();
  const bundle = found?.user.bundle(found.deviceId);
  if (!bundle) return node('user', { jid }, [node('error', { code: '404', text: 'item-not-found' })]);
  return node('user', { jid, t: unixSeconds() }, [
    node('registration', {}, uintBytes(bundle.registrationId, 4)),
    ...bundleNodes(bundle),
  ]);
}

function answerUsync({ query, directory }: QueryContext): Answer {
  const usync = child(query, 'usync');
  const protocols = children(child(usync, 'query')).map(({ tag }) => tag);
  const users = children(child(usync, 'list'), 'user').map((item) => {
    const phoneNumber = textOf(child(item, 'contact')).replace(/\D/g, '');
    const jid = item.attrs.jid ?? `${phoneNumber}@s.whatsapp.net`;
    const user = directory.find(jid)?.user;
    const answers = protocols.map((protocol) => {
      switch (protocol) {
        case 'contact':
          return node('contact', { type: user ? 'in' : 'out' });
        case 'devices':
          return user && deviceList(user.deviceIds);
        case 'lid':
          return user && !jid.endsWith('@lid') ? node('lid', { val: user.lid }) : undefined;
        default:
          return undefined;
      }
    });
    return node(
      'user',
      { jid },
      answers.filter((answer) => answer !== undefined),
    );
  });
  return [
    node(
      'usync',
      { sid: usync?.attrs.sid, mode: usync?.attrs.mode, context: usync?.attrs.context, last: 'true' },
      [
        node(
          'result',
          {},
          protocols.map((protocol) => node(protocol)),
        ),
        node('list', {}, users),
      ],
    ),
  ];
}

function deviceList(deviceIds: number[]): BinaryNode {
  const devices = deviceIds.map((id) =>
    node('device', { id: String(id), 'key-index': id === 0 ? undefined : String(id) }),
  );
  return node('devices', {}, [
    node('device-list', { hash: '2:simulated' }, devices),
    node('key-index-list', { ts: unixSeconds() }, randomBytes(16)),
  ]);
}

function restrictionsOf(account: AccountState, queryId: string | undefined): object | undefined {
  switch (queryId) {
    case QueryIds.REACHOUT_TIMELOCK:
      return { [XWAPaths.xwa2_fetch_account_reachout_timelock]: timelockOf(account) };
    case QueryIds.MESSAGE_CAPPING_INFO:
      return { [XWAPaths.xwa2_message_capping_info]: { capping_status: 'NONE' } };
    default:
      return undefined;
  }
}

/** Whether the account may start chats, as a query and a notification report it. */
export function timelockOf({ reachoutTimelock: until }: AccountState): object {
  return {
    is_active: until !== undefined,
    time_enforcement_ends: until === undefined ? '0' : String(Math.ceil(until.getTime() / 1000)),
    enforcement_type: until === undefined ? 'DEFAULT' : 'BIZ_QUALITY',
  };
}

/** The stanza that answers a query with a result. */
export function answerStanza(query: BinaryNode, content: Answer): BinaryNode {
  return node('iq', { id: query.attrs.id, from: query.attrs.to ?? SERVER, type: 'result' }, content);
}

export function errorStanza(query: BinaryNode, error: QueryError): BinaryNode {
  return node('iq', { id: query.attrs.id, from: query.attrs.to ?? SERVER, type: 'error' }, [
    node('error', { code: String(error.code), text: error.message }),
  ]);
}
