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
import type { Patience } from './patience.ts';
import { removeOwnNumber } from './quirks/own-address.ts';
import { MAX_RETRY_COUNT } from './quirks/retry-count.ts';
import { type Receipt, readReceipt, recordReceipts } from './receipts.ts';
import type { Closed } from './reconnect-policy.ts';
import { type RecordingOptions, RecordingSignalRepository } from './recording-signal-repository.ts';

/** The outside world of a connection: WhatsApp itself by default. */
export interface WhatsAppNetwork {
  url?: string | undefined;
  version?: WAVersion | undefined;
  /** How long one QR code is shown. */
  qrMs?: number | undefined;
}

/** What tests change about the client. */
export interface ClientOverrides {
  /** Leaves its faults as they are. */
  withFaults?: boolean;
  /** Which devices its contacts have. */
  makeDeviceCache?: () => NonNullable<UserFacingSocketConfig['userDevicesCache']>;
}

export interface ConnectionOptions {
  client: ClientOverrides;
  network: WhatsAppNetwork;
  auth: AuthState;
  patience: Patience;
  /** Aborts when the connection is over. */
  signal: AbortSignal;
  log: Logger;
  inbox: RecordingOptions['inbox'];
  onError: () => void;
  /** Commits work by itself, as patiently as the keys. */
  commit: RecordingOptions['commit'];
  /** The text of a sent message, for a recipient who asks again. */
  findText: (messageId: string) => Promise<string | undefined>;
  on: {
    qr: (text: string) => void;
    /** The QR code was scanned; the server closes the connection next. */
    paired: () => void;
    open: (me: NonNullable<AuthenticationCreds['me']>) => void;
    /** One message takes so long that those behind it wait. */
    stalled: (isStalled: boolean) => void;
    /** WhatsApp told whether the account may start chats. */
    reachoutTimelock: (state: NonNullable<ConnectionState['reachoutTimeLock']>) => void;
    newChatCap: (info: NewChatMessageCapInfo) => void;
    /** @param code of a refusal */
    ack: (messageId: string, code: string | undefined) => void;
    /** The client handles it afterwards; where this rejects, WhatsApp delivers it again. */
    receipt: (receipt: Receipt) => Promise<void>;
    message: (message: WAMessage, phoneOf: PhoneOf) => Promise<void>;
  };
}

type Devices = Awaited<ReturnType<WASocket['getUSyncDevices']>>;

/** Of what the client asks WhatsApp. While it waits in order to read a message, those behind that wait too. */
const QUERY_TIMEOUT_MS = 5000;
const CLOSE_TIMEOUT_MS = 1500;
/** How often a closing handshake is looked at, see `#endUnansweredClose`. */
const CLOSE_WATCH_MS = 2000;

/** One WebSocket to WhatsApp, from its opening to its close; a session uses one after the other. */
export class Connection {
  /** Why it ended. Never rejects. */
  readonly closed: Promise<Closed>;
  readonly #socket: WASocket;
  readonly #on: ConnectionOptions['on'];
  /** Queries for a contact's devices that are under way, by the contact's address. */
  readonly #deviceQueries = new Map<string, Promise<unknown>>();

  constructor(options: ConnectionOptions) {
    const { client, network, auth, patience, signal, log, inbox, onError, commit, findText, on } = options;
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
      auth: { creds: auth.creds, keys: auth.keysFor(patience) },
      makeSignalRepository: recording.make,
      logger: clientLogger(log),
      // The client's own default: asking the network for the newest is a call out that can fail and change behaviour.
      version: network.version ?? DEFAULT_CONNECTION_CONFIG.version,
      ...(network.url && { waWebSocketUrl: network.url }),
      ...(network.qrMs && { qrTimeout: network.qrMs }),
      getMessage: async ({ id }) => {
        const text = id && isPlainId(id) ? await findText(id) : undefined;
        return text === undefined ? undefined : { extendedTextMessage: { text } };
      },
      // The store repeats by itself.
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
      for (const message of messages) void this.#handOver(message, on.message, log);
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
    this.#endUnansweredClose();
  }

  /**
   * The client closes a connection on which nothing comes any more, and then waits for the peer's half of the handshake:
   * with a peer that is gone, half a minute.
   */
  #endUnansweredClose(): void {
    let wasClosing = false;
    const watch = setInterval(() => {
      const { isClosing } = this.#socket.ws;
      if (isClosing && wasClosing) this.#terminate();
      wasClosing = isClosing;
    }, CLOSE_WATCH_MS);
    watch.unref();
    void this.closed.then(() => clearInterval(watch));
  }

  #terminate(): void {
    (this.#socket.ws as unknown as { socket: { terminate(): void } | null }).socket?.terminate();
  }

  /** Resolves when the bytes are written; that the server has them, its ack says. */
  async sendText(jid: string, text: string, messageId: string): Promise<void> {
    await this.#knowDevices(jid);
    await this.#socket.sendMessage(jid, { text, linkPreview: null }, { messageId });
  }

  /** The LID for a phone number's address, and the reverse; undefined where it is not known. */
  async otherAddress(jid: string): Promise<string | undefined> {
    const { lidMapping } = this.#socket.signalRepository;
    const other = isLidUser(jid) ? await lidMapping.getPNForLID(jid) : await lidMapping.getLIDForPN(jid);
    return parseAddress(other)?.jid;
  }

  /** Asks WhatsApp whether the account may start chats; the answers come as events. False where one does not come. */
  async askRestrictions(): Promise<boolean> {
    const cap = this.#socket.fetchNewChatMessageCap().then((info) => this.#on.newChatCap(info));
    const asked = await Promise.allSettled([this.#socket.fetchAccountReachoutTimelock(), cap]);
    return asked.every(({ status }) => status === 'fulfilled');
  }

  /** Sends once more, in a new encryption session with each of the recipient's devices. */
  async resendText(jid: string, text: string, messageId: string): Promise<void> {
    const devices = await this.#socket.getUSyncDevices([jid], false, false);
    await this.#socket.assertSessions(
      devices.map((device) => device.jid),
      true,
    );
    await this.sendText(jid, text, messageId);
  }

  /**
   * Has the client ask for a contact's devices before a send, which makes it commit its new session with them first. By itself it
   * commits that session after the first message has gone out: if it were killed in between, it could not read the answer.
   *
   * Keys are asked for here, too, where they are missing: the client sends under a lock that all contacts share, and who does not
   * answer would hold up the others.
   */
  async #knowDevices(jid: string): Promise<void> {
    const me = this.#socket.user;
    const own = jidNormalizedUser(isLidUser(jid) && me?.lid ? me.lid : me?.id);
    const isOther = ({ jid: device }: Devices[number]): boolean => device !== me?.id && device !== me?.lid;
    const owns = (await this.#askForDevices(own)).filter(isOther);
    const devices = await this.#askForDevices(jid);
    const assertSessions = (those: Devices): Promise<boolean> =>
      this.#socket.assertSessions(
        those.map((device) => device.jid),
        false,
      );
    // The account's own devices get a copy: without their keys the message goes all the same.
    await assertSessions(owns).catch(() => {});
    await assertSessions(devices);
    // Where no answer comes, the client says nothing, and asks again under the lock.
    const { validateSession } = this.#socket.signalRepository;
    const found = await Promise.all(devices.map((device) => validateSession(device.jid)));
    if (!found.some(({ exists }) => exists))
      throw new Error("the keys of the recipient's devices did not come");
  }

  /** One query at a time for each contact: of two first messages the second finds the devices known. Contacts don't wait for each other. */
  async #askForDevices(jid: string): Promise<Devices> {
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

  /** Takes the device off the account, and closes. */
  async logout(): Promise<void> {
    await this.#socket.logout();
    await this.close();
  }

  /** Closes without a logout; a peer that does not answer is not waited for. */
  async close(): Promise<void> {
    const timer = setTimeout(() => this.#terminate(), CLOSE_TIMEOUT_MS);
    try {
      await this.#socket.end(undefined);
      await this.closed;
    } finally {
      clearTimeout(timer);
    }
  }

  async #handOver(message: WAMessage, take: ConnectionOptions['on']['message'], log: Logger): Promise<void> {
    try {
      const { lidMapping } = this.#socket.signalRepository;
      await take(message, (lid) => lidMapping.getPNForLID(lid));
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
