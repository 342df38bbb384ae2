import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { BinaryNode } from '@whiskeysockets/baileys';

import type { AccountState } from './account.ts';
import type { Companion, CompanionKeys } from './companion.ts';
import type { Connection } from './connection.ts';
import { endConnection } from './faults.ts';
import { LinkCodeExchange } from './link-code.ts';
import { child, childBytes, node, SERVER, unixSeconds } from './nodes.ts';
import { pairSuccess, parseQr, readPairSignature } from './pairing.ts';
import { answerStanza, errorStanza, QueryError } from './queries.ts';
import type { Account } from './types.ts';

/** How many QR texts a client gets: as many as from the real server. */
const QR_REFS = 6;
const HELLO_TIMEOUT_MS = 5000;
const HELLO_POLL_MS = 10;

interface Pairing {
  readonly account: AccountState;
  readonly companion: Companion;
  readonly queryId: string;
  readonly done: PromiseWithResolvers<Account>;
}

interface LinkCode {
  /** Of the account the client wants to join. */
  readonly jid: string;
  readonly ref: Buffer;
  readonly companionHello: Buffer;
  exchange?: { account: AccountState; handset: LinkCodeExchange; done: PromiseWithResolvers<Account> };
}

/** A client that is not linked to an account yet. */
interface PairingClient {
  readonly keys: CompanionKeys;
  linkCode?: LinkCode;
  pairing?: Pairing;
}

/** Links clients to accounts as companions: by QR text, or by a code that is typed into the handset. */
export class PairingService {
  readonly #clients = new Map<Connection, PairingClient>();
  readonly #refs = new Map<string, Connection>();
  readonly #awaitingLogin = new Map<Companion, Pairing>();

  add(connection: Connection, keys: CompanionKeys): void {
    this.#clients.set(connection, { keys });
    const items = Array.from({ length: QR_REFS }, () => {
      const ref = `2@${randomBytes(48).toString('base64')}`;
      this.#refs.set(ref, connection);
      return node('ref', {}, Buffer.from(ref));
    });
    const attrs = { id: connection.nextId(), type: 'set', from: SERVER, xmlns: 'md' };
    connection.send(node('iq', attrs, [node('pair-device', {}, items)]));
  }

  remove(connection: Connection): void {
    const client = this.#clients.get(connection);
    this.#clients.delete(connection);
    this.#forgetRefs(connection);
    const { pairing, linkCode } = client ?? {};
    if (pairing && this.#awaitingLogin.has(pairing.companion)) return;
    pairing?.account.companions.delete(pairing.companion.deviceId);
    const done = pairing?.done ?? linkCode?.exchange?.done;
    done?.reject(new Error('the client went away while it was being paired'));
  }

  /** A companion has logged in and takes messages, which completes its pairing. */
  onLoggedIn(companion: Companion, account: AccountState): void {
    this.#awaitingLogin.get(companion)?.done.resolve(account);
    this.#awaitingLogin.delete(companion);
  }

  close(): void {
    for (const { done } of this.#awaitingLogin.values()) done.reject(new Error('the server was shut down'));
  }

  /** Links the client that shows this QR text; resolves when it has logged in again. */
  async scan(qrText: string, accountFor: () => AccountState): Promise<Account> {
    const qr = parseQr(qrText);
    const connection = this.#refs.get(qr.ref);
    const client = connection && this.#clients.get(connection);
    if (!connection || !client) throw new Error('no client is waiting with this QR text');
    const { keys } = client;
    if (!keys.noiseKey.equals(qr.noiseKey) || !keys.identityKey.equals(qr.identityKey)) {
      throw new Error('the QR text shows other keys than the client registered with');
    }
    const done = Promise.withResolvers<Account>();
    this.#pair(connection, client, accountFor(), qr.advSecret, done);
    return await done.promise;
  }

  /** Types a pairing code into the handset of the account the client asked for. */
  async enterCode(code: string, account: AccountState): Promise<Account> {
    const { connection, linkCode } = await this.#hello(account);
    const handset = await LinkCodeExchange.begin(
      code,
      linkCode.companionHello,
      account.handset.device.identity,
    );
    const done = Promise.withResolvers<Account>();
    linkCode.exchange = { account, handset, done };
    connection.send(
      node(
        'notification',
        { id: connection.nextId(), from: SERVER, type: 'link_code_companion_reg', t: unixSeconds() },
        [
          node('link_code_companion_reg', { stage: 'primary_hello' }, [
            node('link_code_pairing_ref', {}, linkCode.ref),
            node('primary_identity_pub', {}, account.handset.device.identity.publicKey),
            node('link_code_pairing_wrapped_primary_ephemeral_pub', {}, handset.wrappedEphemeral),
          ]),
        ],
      ),
    );
    return await done.promise;
  }

  /** Waits for the client's request, which comes a moment after the client shows its code. */
  async #hello(account: AccountState): Promise<{ connection: Connection; linkCode: LinkCode }> {
    const deadline = Date.now() + HELLO_TIMEOUT_MS;
    while (Date.now() < deadline) {
      for (const [connection, { linkCode }] of this.#clients) {
        if (linkCode?.jid === account.jid) return { connection, linkCode };
      }
      await delay(HELLO_POLL_MS);
    }
    throw new Error(`no client is waiting for a code of ${account.number}`);
  }

  onNode(connection: Connection, received: BinaryNode): void {
    const client = this.#clients.get(connection);
    if (!client || received.tag !== 'iq') return;
    const { pairing } = client;
    if (pairing && pairing.queryId === received.attrs.id) {
      this.#finish(connection, pairing, received);
      return;
    }
    const { type, xmlns } = received.attrs;
    if (type !== 'get' && type !== 'set') return;
    const request = child(received, 'link_code_companion_reg');
    if (request?.attrs.stage === 'companion_hello') this.#offerCode(connection, client, received, request);
    else if (request?.attrs.stage === 'companion_finish')
      this.#finishCode(connection, client, received, request);
    else if (xmlns === 'w:p' || xmlns === 'w:stats') connection.send(answerStanza(received, undefined));
    else connection.send(errorStanza(received, new QueryError(401, 'not-authorized')));
  }

  #offerCode(connection: Connection, client: PairingClient, query: BinaryNode, request: BinaryNode): void {
    const companionHello = childBytes(request, 'link_code_pairing_wrapped_companion_ephemeral_pub');
    if (!companionHello) throw new Error('pairing code: the client sent no key');
    const ref = randomBytes(16);
    client.linkCode = { jid: request.attrs.jid ?? '', ref, companionHello };
    const answer = node('link_code_companion_reg', { stage: 'companion_hello' }, [
      node('link_code_pairing_ref', {}, ref),
    ]);
    connection.send(answerStanza(query, [answer]));
  }

  #finishCode(connection: Connection, client: PairingClient, query: BinaryNode, request: BinaryNode): void {
    const { exchange, ref } = client.linkCode ?? {};
    const bundle = childBytes(request, 'link_code_pairing_wrapped_key_bundle');
    const identity = childBytes(request, 'companion_identity_public');
    if (!exchange || !bundle || !identity || !ref) throw new Error('pairing code: a finish without a start');
    const { account, handset, done } = exchange;
    try {
      if (!identity.equals(client.keys.identityKey)) throw new Error('pairing code: another identity key');
      const secret = handset.finish(bundle, identity);
      connection.send(answerStanza(query, undefined));
      this.#pair(connection, client, account, secret, done);
    } catch (error) {
      connection.send(errorStanza(query, new QueryError(400, 'bad-request')));
      done.reject(error);
    }
  }

  #pair(
    connection: Connection,
    client: PairingClient,
    account: AccountState,
    advSecret: Buffer,
    done: PromiseWithResolvers<Account>,
  ): void {
    const companion = account.link(client.keys);
    const queryId = connection.nextId();
    client.pairing = { account, companion, queryId, done };
    this.#forgetRefs(connection);
    connection.send(pairSuccess(queryId, account, companion, advSecret));
  }

  #finish(connection: Connection, pairing: Pairing, reply: BinaryNode): void {
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

  #forgetRefs(connection: Connection): void {
    for (const [ref, owner] of this.#refs) {
      if (owner === connection) this.#refs.delete(ref);
    }
  }
}
