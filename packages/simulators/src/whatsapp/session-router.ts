import type { BinaryNode, proto } from '@whiskeysockets/baileys';

import type { AccountState } from './account.ts';
import type { Companion } from './companion.ts';
import type { Connection, ConnectionHandlers } from './connection.ts';
import { Directory } from './directory.ts';
import { endConnection, refuseLogin } from './faults.ts';
import { sendFirstHistory } from './history.ts';
import { node, SERVER, unixSeconds } from './nodes.ts';
import { PairingService } from './pairing-service.ts';
import { readRegistration } from './pairing.ts';
import { answerQuery, answerStanza, errorStanza, QueryError, Unanswered } from './queries.ts';
import type { Linked } from './stanzas.ts';
import { acceptAck, acceptMessage, acceptReceipt } from './stanzas.ts';

const MAX_RECORDED = 1000;

/** Handles each connection from its login to its close, and routes the stanzas that it receives. */
export class SessionRouter implements ConnectionHandlers {
  readonly directory: Directory = new Directory();
  readonly unhandled: string[] = [];
  readonly violations: Error[] = [];
  withheld = 0;
  readonly pairing: PairingService = new PairingService();
  readonly #linked = new Map<Connection, Linked>();
  readonly #historySync: boolean;

  constructor(options: { historySync: boolean }) {
    this.#historySync = options.historySync;
  }

  onLogin(connection: Connection, payload: proto.ClientPayload): void {
    if (payload.devicePairingData) {
      this.pairing.add(connection, readRegistration(payload.devicePairingData, connection.remoteStatic));
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
    this.#linked.set(connection, { account, companion });
    sendLoginStanzas(connection, account, companion);
  }

  async onNode(connection: Connection, received: BinaryNode): Promise<void> {
    const linked = this.#linked.get(connection);
    if (!linked) {
      this.pairing.onNode(connection, received);
      return;
    }
    switch (received.tag) {
      case 'iq':
        this.#answer(connection, received, linked);
        break;
      case 'message':
        acceptMessage(received, linked, this.directory);
        break;
      case 'receipt':
        await acceptReceipt(received, linked, this.directory);
        break;
      case 'ack':
        acceptAck(received, linked);
        break;
    }
  }

  onClose(connection: Connection): void {
    this.#linked.get(connection)?.companion.detach(connection);
    this.#linked.delete(connection);
    this.pairing.remove(connection);
  }

  onViolation(_: Connection, error: Error): void {
    record(this.violations, error);
  }

  #answer(connection: Connection, query: BinaryNode, { account, companion }: Linked): void {
    if (query.attrs.type !== 'get' && query.attrs.type !== 'set') return;
    if (!companion.answers) return;
    const afterwards: Array<() => void> = [];
    try {
      const content = answerQuery({
        query,
        account,
        companion,
        directory: this.directory,
        after: (work) => afterwards.push(work),
        unlink: () => this.unlink(account, companion),
        ready: () => this.#startDelivery(connection, account, companion),
      });
      connection.send(answerStanza(query, content));
    } catch (error) {
      if (error instanceof Unanswered) {
        this.withheld += 1;
        return;
      }
      if (!(error instanceof QueryError)) throw error;
      if (error.code === 501) {
        const [first] = Array.isArray(query.content) ? query.content : [];
        record(this.unhandled, `${query.attrs.type} ${query.attrs.xmlns}/${first?.tag ?? ''}`);
      }
      connection.send(errorStanza(query, error));
    }
    for (const work of afterwards) work();
  }

  /** Delivers what waited, marked as offline and counted before and after; then history for a new companion. */
  #startDelivery(connection: Connection, account: AccountState, companion: Companion): void {
    const waiting = String(companion.silent ? 0 : companion.outbox.size);
    connection.send(
      node('ib', { from: SERVER }, [node('offline_preview', { count: waiting, message: waiting })]),
    );
    const delivered = companion.activate();
    connection.send(node('ib', { from: SERVER }, [node('offline', { count: String(delivered) })]));
    if (!companion.hasLoggedIn && this.#historySync) {
      void sendFirstHistory(account, companion).catch((error: Error) => record(this.violations, error));
    }
    companion.hasLoggedIn = true;
    this.pairing.onLoggedIn(companion, account);
  }

  /** Settles every promise that a caller may still await. */
  shutDown(): void {
    for (const account of this.directory.accounts.values()) {
      for (const companion of account.companions.values()) companion.outbox.abandon();
    }
    this.pairing.close();
  }

  unlink(account: AccountState, companion: Companion): void {
    account.companions.delete(companion.deviceId);
    companion.outbox.abandon();
    if (companion.connection) endConnection(companion.connection, 401);
  }
}

/** Sends the first stanzas after a login. */
function sendLoginStanzas(connection: Connection, account: AccountState, companion: Companion): void {
  const t = unixSeconds();
  connection.send(node('success', { t, props: '1', lid: companion.lid, display_name: account.name }));
  const routing = node('routing_info', {}, Buffer.from(`sim-${companion.deviceId}`));
  connection.send(node('ib', { from: SERVER }, [node('edge_routing', {}, [routing])]));
  connection.send(node('ib', { from: SERVER }, [node('dirty', { type: 'account_sync', timestamp: t })]));
}

function record<T>(list: T[], entry: T): void {
  if (list.length < MAX_RECORDED) list.push(entry);
}
