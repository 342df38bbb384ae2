import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { BinaryNode } from '@whiskeysockets/baileys';
import { WebSocketServer } from 'ws';

import { AccountState } from './account.ts';
import { Connection } from './connection.ts';
import type { KeyPair } from './curve.ts';
import { endConnection } from './faults.ts';
import { node, SERVER } from './nodes.ts';
import { SimulatedPhone } from './phone.ts';
import { timelockOf } from './queries.ts';
import { SessionRouter } from './session-router.ts';
import { issueServerIdentity, testRootKeyPair } from './trust.ts';
import type { Account, Phone } from './types.ts';

export interface WhatsAppServerOptions {
  host?: string;
  /** 0: any free port. */
  port?: number;
  rootKeyPair?: KeyPair;
  /** Whether a new companion gets an (empty) history at its first login, as from a real phone. */
  historySync?: boolean;
}

export interface WhatsAppServer extends AsyncDisposable {
  /** For the client's `waWebSocketUrl`. */
  readonly url: string;
  readonly rootPublicKey: Uint8Array;
  /** The paired accounts, by number. */
  readonly accounts: ReadonlyMap<string, Account>;
  /** By number. */
  readonly phones: ReadonlyMap<string, Phone>;
  /** Queries that this server can't answer, as `type xmlns/child`. The client got a 501. */
  readonly unhandled: readonly string[];
  /** How many queries got no answer because a phone withholds its keys. */
  readonly withheld: number;
  /** Violations of the protocol by clients, such as bad signatures and malformed stanzas. Their connections were closed. */
  readonly violations: readonly Error[];
  addPhone(options?: { number?: string; lid?: string; pushName?: string }): Phone;
  /**
   * Scans the QR text of a waiting client with the account's handset. Resolves when the client has logged in
   * again as a companion and takes messages.
   */
  scanQr(qrText: string, account?: { number?: string; lid?: string }): Promise<Account>;
  /** Types the code that a client shows into the handset of this number; resolves like `scanQr`. */
  enterPairingCode(number: string, code: string): Promise<Account>;
  /** Ends the account's connections so that the client reports this code. 401 unlinks its companions, too. */
  closeWith(account: Account, code: number): void;
  /** Later logins are refused with this code, until called without one. */
  refuseLogins(account: Account, code?: number): void;
  /** Messages are refused with this code, those to phone numbers or to LIDs or to both, until called without one. */
  refuseMessages(account: Account, code?: string, to?: 'pn' | 'lid'): void;
  /** The account may start no chats until then, and is notified; undefined lifts this. */
  lockReachout(account: Account, until: Date | undefined): void;
  /** Takes messages without acknowledging them. The acks are sent when this ends, unless the connection has closed. */
  withholdAcks(account: Account, on: boolean): void;
  /** Breaks the connections of an account, or all. */
  dropConnections(account?: Account): void;
  /**
   * Resets each new connection (408 at the client) or, given a status, answers its upgrade with that. The client
   * 7.0.0-rc14 listens to `unexpected-response` and does nothing about it: it then says `connecting` for ever.
   */
  refuseConnections(on: boolean, options?: { status?: number }): void;
  /**
   * Delivers nothing while the socket stays open, until this is undone or the client logs in again. Pings and queries are
   * still answered, unless `answerQueries` is false.
   */
  silence(account: Account, on: boolean, options?: { answerQueries?: boolean }): void;
}

/** Starts a WhatsApp server. State is in memory. */
export async function startWhatsAppServer(options: WhatsAppServerOptions = {}): Promise<WhatsAppServer> {
  const root = options.rootKeyPair ?? testRootKeyPair;
  const identity = issueServerIdentity(root);
  const router = new SessionRouter({ historySync: options.historySync ?? true });
  const { directory } = router;
  const connections = new Set<Connection>();
  let refusal: { status?: number } | undefined;
  let users = 0;

  const http = createServer((_, response) => response.writeHead(426).end());
  const sockets = new WebSocketServer({ noServer: true });
  http.on('upgrade', (request, socket, head) => {
    if (refusal) {
      if (refusal.status === undefined) socket.destroy();
      else socket.end(`HTTP/1.1 ${refusal.status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new Connection(webSocket, identity, router);
      connections.add(connection);
      webSocket.on('close', () => connections.delete(connection));
    });
  });
  const host = options.host ?? '127.0.0.1';
  http.listen(options.port ?? 0, host);
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;

  function newUser(given: { number?: string; lid?: string }): { number: string; lidUser: string } {
    const sequence = ++users;
    return {
      number: digits(given.number) ?? String(15_550_000_000 + sequence),
      lidUser: digits(given.lid) ?? String(100_000_000_000_000 + sequence),
    };
  }

  function stateOf(account: Account): AccountState {
    const state = directory.accounts.get(account.number);
    if (!state) throw new Error(`no account ${account.number} on this server`);
    return state;
  }

  function accountFor(given: { number?: string; lid?: string }): AccountState {
    const known = directory.accounts.get(digits(given.number) ?? '');
    if (known) return known;
    const account = new AccountState({ ...newUser(given), directory });
    directory.add(account);
    return account;
  }

  return {
    url: `ws://${host.includes(':') ? `[${host}]` : host}:${port}/ws/chat`,
    rootPublicKey: root.publicKey,
    accounts: directory.accounts,
    phones: directory.phones,
    unhandled: router.unhandled,
    violations: router.violations,
    get withheld() {
      return router.withheld;
    },

    addPhone(given = {}) {
      const user = newUser(given);
      const pushName = given.pushName ?? `Customer ${user.number}`;
      const phone = new SimulatedPhone({ ...user, pushName, directory });
      directory.add(phone);
      return phone;
    },

    async scanQr(qrText, given = {}) {
      return await router.pairing.scan(qrText, () => accountFor(given));
    },

    async enterPairingCode(number, code) {
      return await router.pairing.enterCode(code, accountFor({ number }));
    },

    closeWith(account, code) {
      const state = stateOf(account);
      for (const companion of state.companions.values()) {
        if (code === 401) router.unlink(state, companion);
        else if (companion.connection) endConnection(companion.connection, code);
      }
    },

    refuseLogins(account, code) {
      stateOf(account).refusal = code;
    },

    refuseMessages(account, code, to) {
      const { messageRefusals } = stateOf(account);
      messageRefusals.clear();
      if (code === undefined) return;
      for (const kind of to === undefined ? (['pn', 'lid'] as const) : [to]) messageRefusals.set(kind, code);
    },

    lockReachout(account, until) {
      const state = stateOf(account);
      state.reachoutTimelock = until;
      for (const companion of state.companions.values()) void companion.outbox.add(timelockNotice(state));
    },

    withholdAcks(account, on) {
      for (const companion of stateOf(account).companions.values()) companion.withholdAcks(on);
    },

    dropConnections(account) {
      const dropped = account ? stateOf(account).connections : [...connections];
      for (const connection of dropped) connection.drop();
    },

    refuseConnections(on, how = {}) {
      refusal = on ? how : undefined;
    },

    silence(account, on, { answerQueries = true } = {}) {
      for (const companion of stateOf(account).companions.values()) {
        companion.silence(on ? { answerQueries } : undefined);
      }
    },

    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.drop();
      router.shutDown();
      sockets.close();
      http.close();
      http.closeAllConnections();
      if (http.listening) await once(http, 'close');
    },
  };
}

function timelockNotice(account: AccountState): BinaryNode {
  const data = { xwa2_notify_account_reachout_timelock: timelockOf(account) };
  return node('notification', { id: `timelock-${randomUUID()}`, from: SERVER, type: 'mex' }, [
    node(
      'update',
      { op_name: 'NotificationUserReachoutTimelockUpdate' },
      Buffer.from(JSON.stringify({ data })),
    ),
  ]);
}

/** The digits of a number or JID; undefined when there are none. */
function digits(text: string | undefined): string | undefined {
  return text?.replace(/@.*$/, '').replace(/\D/g, '') || undefined;
}
