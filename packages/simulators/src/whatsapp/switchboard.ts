import { randomBytes } from 'node:crypto';

import type { BinaryNode, proto } from '@whiskeysockets/baileys';

import type { AccountState } from './account.ts';
import type { Companion, CompanionKeys } from './companion.ts';
import type { Connection, ConnectionHandlers } from './connection.ts';
import { Directory } from './directory.ts';
import { endConnection, refuseLogin } from './faults.ts';
import { greet } from './history.ts';
import { node, SERVER, unixSeconds } from './nodes.ts';
import { pairSuccess, parseQr, readPairSignature, readRegistration } from './pairing.ts';
import { answerQuery, answerStanza, errorStanza, QueryError } from './queries.ts';
import type { Linked } from './stanzas.ts';
import { acceptAck, acceptMessage, acceptReceipt } from './stanzas.ts';
import type { Account } from './types.ts';

/** How many QR texts a waiting client gets; the real server hands out six. */
const QR_REFS = 6;
const MAX_RECORDED = 1000;

interface Pairing extends Linked {
  readonly queryId: string;
  readonly done: PromiseWithResolvers<Account>;
}

/** What the server knows about one connection: a client waiting for its QR text to be scanned, or a companion. */
interface Client {
  registration?: CompanionKeys;
  pairing?: Pairing;
  linked?: Linked;
}

/** Takes connections from handshake to close and routes what comes in. */
export class Switchboard implements ConnectionHandlers {
  readonly directory: Directory = new Directory();
  readonly unhandled: string[] = [];
  readonly violations: Error[] = [];
  readonly #clients = new Map<Connection, Client>();
  readonly #refs = new Map<string, Connection>();
  readonly #awaitingLogin = new Map<Companion, Pairing>();
  readonly #historySync: boolean;

  constructor(options: { historySync: boolean }) {
    this.#historySync = options.historySync;
  }

  onLogin(connection: Connection, payload: proto.ClientPayload): void {
    const client: Client = {};
    this.#clients.set(connection, client);
    if (payload.devicePairingData) {
      client.registration = readRegistration(payload.devicePairingData, connection.remoteStatic);
      this.#offerQr(connection);
      return;
    }
    const account = this.directory.accounts.get(String(payload.username));
    const companion = account?.companions.get(payload.device ?? 0);
    if (!account || !companion) {
      refuseLogin(connection, 401);
      return;
    }
    if (!companion.holds(connection.remoteStatic)) throw new Error('login with the key of another device');
    if (account.refusal !== undefined) {
      refuseLogin(connection, account.refusal);
      return;
    }
    if (companion.connection) endConnection(companion.connection, 440);
    companion.attach(connection);
    client.linked = { account, companion };
    welcome(connection, account, companion);
  }

  async onNode(connection: Connection, received: BinaryNode): Promise<void> {
    const client = this.#clients.get(connection);
    if (client?.pairing && received.tag === 'iq' && received.attrs.id === client.pairing.queryId) {
      this.#finishPairing(connection, client.pairing, received);
      return;
    }
    if (!client?.linked) return;
    switch (received.tag) {
      case 'iq':
        this.#answer(connection, received, client.linked);
        break;
      case 'message':
        acceptMessage(received, client.linked, this.directory);
        break;
      case 'receipt':
        await acceptReceipt(received, client.linked, this.directory);
        break;
      case 'ack':
        acceptAck(received, client.linked);
        break;
    }
  }

  onClose(connection: Connection): void {
    const client = this.#clients.get(connection);
    this.#clients.delete(connection);
    this.#forgetRefs(connection);
    client?.linked?.companion.detach(connection);
    const pairing = client?.pairing;
    if (pairing && !this.#awaitingLogin.has(pairing.companion)) {
      pairing.done.reject(new Error('the client went away while it was being paired'));
    }
  }

  onViolation(_: Connection, error: Error): void {
    record(this.violations, error);
  }

  #offerQr(connection: Connection): void {
    const items = Array.from({ length: QR_REFS }, () => {
      const ref = `2@${randomBytes(48).toString('base64')}`;
      this.#refs.set(ref, connection);
      return node('ref', {}, Buffer.from(ref));
    });
    const attrs = { id: connection.nextId(), type: 'set', from: SERVER, xmlns: 'md' };
    connection.send(node('iq', attrs, [node('pair-device', {}, items)]));
  }

  #forgetRefs(connection: Connection): void {
    for (const [ref, owner] of this.#refs) {
      if (owner === connection) this.#refs.delete(ref);
    }
  }

  /** Links the client that shows this QR text to the account; resolves when it has logged in again. */
  async scan(qrText: string, accountFor: () => AccountState): Promise<Account> {
    const qr = parseQr(qrText);
    const connection = this.#refs.get(qr.ref);
    const client = connection && this.#clients.get(connection);
    const keys = client?.registration;
    if (!connection || !client || !keys) throw new Error('no client is waiting with this QR text');
    if (!keys.noiseKey.equals(qr.noiseKey) || !keys.identityKey.equals(qr.identityKey)) {
      throw new Error('the QR text shows other keys than the client registered with');
    }
    const account = accountFor();
    const companion = account.link(keys);
    const queryId = connection.nextId();
    const done = Promise.withResolvers<Account>();
    client.pairing = { account, companion, queryId, done };
    this.#forgetRefs(connection);
    connection.send(pairSuccess(queryId, account, companion, qr.advSecret));
    return await done.promise;
  }

  #finishPairing(connection: Connection, pairing: Pairing, reply: BinaryNode): void {
    const { account, companion, done } = pairing;
    try {
      if (reply.attrs.type !== 'result') throw new Error('the client refused to be paired');
      companion.provenIdentity = readPairSignature(reply, account, companion);
    } catch (error) {
      account.companions.delete(companion.deviceId);
      done.reject(error);
      throw error;
    }
    this.#awaitingLogin.set(companion, pairing);
    endConnection(connection, 515);
  }

  #answer(connection: Connection, query: BinaryNode, { account, companion }: Linked): void {
    if (query.attrs.type !== 'get' && query.attrs.type !== 'set') return;
    if (!companion.answers) return;
    const afterwards: Array<() => void> = [];
    try {
      const content = answerQuery({
        query,
        companion,
        directory: this.directory,
        after: (work) => afterwards.push(work),
        unlink: () => this.unlink(account, companion),
        ready: () => this.#startDelivery(connection, account, companion),
      });
      connection.send(answerStanza(query, content));
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      if (error.code === 501) {
        const [first] = Array.isArray(query.content) ? query.content : [];
        record(this.unhandled, `${query.attrs.type} ${query.attrs.xmlns}/${first?.tag ?? ''}`);
      }
      connection.send(errorStanza(query, error));
    }
    for (const work of afterwards) work();
  }

  /** Everything that waited, marked offline, and the line below it; then history for a new companion. */
  #startDelivery(connection: Connection, account: AccountState, companion: Companion): void {
    const waiting = String(companion.silent ? 0 : companion.outbox.size);
    connection.send(
      node('ib', { from: SERVER }, [node('offline_preview', { count: waiting, message: waiting })]),
    );
    const delivered = companion.activate();
    connection.send(node('ib', { from: SERVER }, [node('offline', { count: String(delivered) })]));
    if (!companion.greeted && this.#historySync) {
      void greet(account, companion).catch((error: Error) => record(this.violations, error));
    }
    companion.greeted = true;
    this.#awaitingLogin.get(companion)?.done.resolve(account);
    this.#awaitingLogin.delete(companion);
  }

  /** Settles everything that somebody may still wait for. */
  shutDown(): void {
    for (const account of this.directory.accounts.values()) {
      for (const companion of account.companions.values()) companion.outbox.abandon();
    }
    for (const { done } of this.#awaitingLogin.values()) done.reject(new Error('the server was shut down'));
  }

  unlink(account: AccountState, companion: Companion): void {
    account.companions.delete(companion.deviceId);
    companion.outbox.abandon();
    if (companion.connection) endConnection(companion.connection, 401);
  }
}

/** What the server says first to a companion that logged in. */
function welcome(connection: Connection, account: AccountState, companion: Companion): void {
  const t = unixSeconds();
  connection.send(node('success', { t, props: '1', lid: companion.lid, display_name: account.name }));
  const routing = node('routing_info', {}, Buffer.from(`sim-${companion.deviceId}`));
  connection.send(node('ib', { from: SERVER }, [node('edge_routing', {}, [routing])]));
  connection.send(node('ib', { from: SERVER }, [node('dirty', { type: 'account_sync', timestamp: t })]));
}

function record<T>(list: T[], entry: T): void {
  if (list.length < MAX_RECORDED) list.push(entry);
}
