import type { Logger } from '@prosaas/runtime';
import {
  type AuthenticationCreds,
  type BinaryNode,
  type ConnectionState,
  DEFAULT_CONNECTION_CONFIG,
  type NewChatMessageCapInfo,
  type UserFacingSocketConfig,
  type WAMessage,
  type WASocket,
  type WAVersion,
  isJidBroadcast,
  isJidGroup,
  isJidNewsletter,
  isLidUser,
  jidNormalizedUser,
  makeWASocket,
} from '@whiskeysockets/baileys';
import type { AuthState } from './auth-state.ts';
import { parseAddress } from './chat-id.ts';
import { clientLogger } from './client-logger.ts';
import { errorFields } from './error-fields.ts';
import { isPlainId } from './inbound-limits.ts';
import type { PhoneOf } from './inbound-message.ts';
import { handleInOrder } from './message-order.ts';
import type { DatabaseRetrier } from './database-retrier.ts';
import { removeOwnNumber } from './quirks/own-address.ts';
import { MAX_RETRY_COUNT } from './quirks/retry-count.ts';
import { terminate, terminateUnansweredClose } from './quirks/unanswered-close.ts';
import { type Receipt, readReceipt, recordReceipts } from './receipts.ts';
import type { Closed } from './reconnect-policy.ts';
import { type RecordingOptions, RecordingSignalRepository } from './recording-signal-repository.ts';

/** The WhatsApp server to connect to; by default WhatsApp's own. */
export interface WhatsAppNetwork {
  url?: string | undefined;
  version?: WAVersion | undefined;
  /** How long one QR code is shown. */
  qrMs?: number | undefined;
}

/** Changes of the client for tests. */
export interface ClientOverrides {
  /** Runs the client without the fixes in `quirks/`. */
  withFaults?: boolean;
  /** Replaces the cache of contacts' devices. */
  makeDeviceCache?: () => NonNullable<UserFacingSocketConfig['userDevicesCache']>;
}

export interface ConnectionOptions {
  client: ClientOverrides;
  network: WhatsAppNetwork;
  auth: AuthState;
  retrier: DatabaseRetrier;
  /** Aborts when the connection has closed. */
  signal: AbortSignal;
  log: Logger;
  inbox: RecordingOptions['inbox'];
  onError: () => void;
  /** Commits in a transaction of its own, retried like the writes of keys. */
  commit: RecordingOptions['commit'];
  /** The text of a sent message, for a recipient who asks for it again. */
  findText: (messageId: string) => Promise<string | undefined>;
  on: {
    qr: (text: string) => void;
    /** The QR code was scanned; the server closes the connection next. */
    paired: () => void;
    open: (me: NonNullable<AuthenticationCreds['me']>) => void;
    /** One message takes so long that those behind it wait; false when it is done. */
    stalled: (isStalled: boolean) => void;
    /** WhatsApp reported whether the account may start chats. */
    reachoutTimelock: (state: NonNullable<ConnectionState['reachoutTimeLock']>) => void;
    newChatCap: (info: NewChatMessageCapInfo) => void;
    /** @param code the code of a refusal, undefined for an acknowledgement */
    ack: (messageId: string, code: string | undefined) => void;
    /** Awaited before the client handles the receipt. When it rejects, WhatsApp delivers the receipt again. */
    receipt: (receipt: Receipt) => Promise<void>;
    message: (message: WAMessage, phoneOf: PhoneOf) => Promise<void>;
  };
}

type Devices = Awaited<ReturnType<WASocket['getUSyncDevices']>>;

/** For the client's queries to WhatsApp. Messages behind one whose handling waits for a query wait, too. */
const QUERY_TIMEOUT_MS = 5000;
const CLOSE_TIMEOUT_MS = 1500;

/** One WebSocket to WhatsApp, from its opening to its close. A session uses one after the other. */
export class Connection {
  /** Resolves when the connection has closed, with the reason. Never rejects. */
  readonly closed: Promise<Closed>;
  readonly #socket: WASocket;
  readonly #on: ConnectionOptions['on'];
  /** Running queries for a contact's devices, by the contact's address. */
  readonly #deviceQueries = new Map<string, Promise<unknown>>();

  constructor(options: ConnectionOptions) {
    const { client, network, auth, retrier, signal, log, inbox, onError, commit, findText, on } = options;
    const { withFaults = false, makeDeviceCache } = client;
    const recording = new RecordingSignalRepository({
      creds: auth.creds,
      inbox,
      commit,
      signal,
      log,
      onError,
      withFaults,
    });
    const socket = makeWASocket({
      auth: { creds: auth.creds, keys: auth.keysFor(retrier) },
      makeSignalRepository: recording.make,
      logger: clientLogger(log),
      // The default of the client's release. Fetching the newest version could fail, and would change behaviour.
      version: network.version ?? DEFAULT_CONNECTION_CONFIG.version,
      ...(network.url && { waWebSocketUrl: network.url }),
      ...(network.qrMs && { qrTimeout: network.qrMs }),
      getMessage: async ({ id }) => {
        const text = id && isPlainId(id) ? await findText(id) : undefined;
        return text === undefined ? undefined : { extendedTextMessage: { text } };
      },
      // The key store retries by itself.
      transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 0 },
      ...(!withFaults && { maxMsgRetryCount: MAX_RETRY_COUNT }),
      ...(makeDeviceCache && { userDevicesCache: makeDeviceCache() }),
      defaultQueryTimeoutMs: QUERY_TIMEOUT_MS,
      emitOwnEvents: false,
      markOnlineOnConnect: false,
      syncFullHistory: false,
      shouldSyncHistoryMessage: () => false,
      shouldIgnoreJid: (jid) => Boolean(isJidGroup(jid) || isJidBroadcast(jid) || isJidNewsletter(jid)),
    });
    this.#socket = socket;
    this.#on = on;
    socket.ws.on('frame', recording.onFrame);
    const prepare = (stanza: BinaryNode): Promise<void> => {
      if (!withFaults) removeOwnNumber(stanza, auth.creds.me);
      return recording.beforeHandling(stanza);
    };
    handleInOrder(socket.ws, { prepare, onStalled: on.stalled });
    recordReceipts(socket.ws, async (stanza) => {
      const receipt = readReceipt(stanza, auth.creds.me);
      if (receipt) await on.receipt(receipt);
    });
    socket.ws.on('CB:ack,class:message', ({ attrs }: BinaryNode) => {
      if (attrs['id']) on.ack(attrs['id'], attrs['error']);
    });
    socket.ev.on('creds.update', () => auth.save());
    socket.ev.on('messages.upsert', ({ messages }) => {
      for (const message of messages) void this.#passOn(message, on.message, log);
    });
    socket.ev.on('message-capping.update', on.newChatCap);
    this.closed = new Promise((resolve) => {
      socket.ev.on(
        'connection.update',
        ({ connection, lastDisconnect, qr, isNewLogin, reachoutTimeLock }) => {
          if (reachoutTimeLock) on.reachoutTimelock(reachoutTimeLock);
          if (qr) on.qr(qr);
          if (isNewLogin) on.paired();
          if (connection === 'open' && auth.creds.me) on.open(auth.creds.me);
          if (connection === 'close') resolve(readClose(lastDisconnect?.error));
        },
      );
    });
    terminateUnansweredClose(socket, this.closed);
  }

  /** Resolves when the message is written to the socket. The server confirms it with an ack. */
  async sendText(jid: string, text: string, messageId: string): Promise<void> {
    await this.#fetchDevices(jid);
    await this.#socket.sendMessage(jid, { text, linkPreview: null }, { messageId });
  }

  /** The LID of a phone number, and the phone number of a LID; undefined when unknown. */
  async otherAddress(jid: string): Promise<string | undefined> {
    const { lidMapping } = this.#socket.signalRepository;
    const other = isLidUser(jid) ? await lidMapping.getPNForLID(jid) : await lidMapping.getLIDForPN(jid);
    return parseAddress(other)?.jid;
  }

  /** Asks WhatsApp whether the account may start chats. The answers come as events; false when one is missing. */
  async askRestrictions(): Promise<boolean> {
    const cap = this.#socket.fetchNewChatMessageCap().then((info) => this.#on.newChatCap(info));
    const answers = await Promise.allSettled([this.#socket.fetchAccountReachoutTimelock(), cap]);
    return answers.every(({ status }) => status === 'fulfilled');
  }

  /** Sends a message again, in a new encryption session with each of the recipient's devices. */
  async resendText(jid: string, text: string, messageId: string): Promise<void> {
    const devices = await this.#socket.getUSyncDevices([jid], false, false);
    await this.#socket.assertSessions(
      devices.map((device) => device.jid),
      true,
    );
    await this.sendText(jid, text, messageId);
  }

  /**
   * Fetches the devices and missing keys of a contact before a send.
   *
   * The client then commits its new sessions with the devices before it sends. By itself it commits them after the first
   * message has gone out: if it were killed in between, it could not read the answer. And the client sends under a lock
   * that all contacts share: a query for keys that is not answered would hold up the sends to others.
   */
  async #fetchDevices(jid: string): Promise<void> {
    const me = this.#socket.user;
    const own = jidNormalizedUser(isLidUser(jid) && me?.lid ? me.lid : me?.id);
    const isOther = ({ jid: device }: Devices[number]): boolean => device !== me?.id && device !== me?.lid;
    const ownDevices = (await this.#queryDevices(own)).filter(isOther);
    const devices = await this.#queryDevices(jid);
    const assertSessions = (list: Devices): Promise<boolean> =>
      this.#socket.assertSessions(
        list.map((device) => device.jid),
        false,
      );
    // The account's own devices get a copy. The message is sent without their keys, too.
    await assertSessions(ownDevices).catch(() => {});
    await assertSessions(devices);
    // Without an answer `assertSessions` resolves, and the client would ask again under the lock.
    const { validateSession } = this.#socket.signalRepository;
    const found = await Promise.all(devices.map((device) => validateSession(device.jid)));
    if (!found.some(({ exists }) => exists))
      throw new Error("WhatsApp did not send the keys of the recipient's devices");
  }

  /** One query at a time for each contact, so that the second of two first messages finds the devices in the cache. */
  async #queryDevices(jid: string): Promise<Devices> {
    const before = this.#deviceQueries.get(jid) ?? Promise.resolve();
    const query = before.then(() => this.#socket.getUSyncDevices([jid], true, false));
    const settled = Promise.allSettled([query]);
    this.#deviceQueries.set(jid, settled);
    try {
      return await query;
    } finally {
      if (this.#deviceQueries.get(jid) === settled) this.#deviceQueries.delete(jid);
    }
  }

  /** Unlinks this device from the account, and closes. */
  async logout(): Promise<void> {
    await this.#socket.logout();
    await this.close();
  }

  /** Closes without a logout. A peer that does not answer is waited for 1.5 s at most. */
  async close(): Promise<void> {
    const timer = setTimeout(() => terminate(this.#socket), CLOSE_TIMEOUT_MS);
    try {
      await this.#socket.end(undefined);
      await this.closed;
    } finally {
      clearTimeout(timer);
    }
  }

  async #passOn(
    message: WAMessage,
    onMessage: ConnectionOptions['on']['message'],
    log: Logger,
  ): Promise<void> {
    try {
      const { lidMapping } = this.#socket.signalRepository;
      await onMessage(message, (lid) => lidMapping.getPNForLID(lid));
    } catch (error) {
      log.error(
        { ...errorFields(error), message_id: message.key.id },
        'an inbound message could not be read',
      );
    }
  }
}

interface BoomLike extends Error {
  output?: { statusCode?: number };
}

function readClose(error: BoomLike | undefined): Closed {
  const message = error?.message ?? '';
  return {
    code: error?.output?.statusCode,
    transport: message.startsWith('WebSocket Error'),
    qrExpired: message.includes('QR refs attempts ended'),
  };
}
