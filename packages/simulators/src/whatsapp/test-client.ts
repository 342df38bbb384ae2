import { EventEmitter } from 'node:events';

import {
  DisconnectReason,
  initAuthCreds,
  makeWASocket,
  proto,
  WA_CERT_DETAILS,
} from '@whiskeysockets/baileys';
import type {
  AuthenticationState,
  SignalDataSet,
  SignalDataTypeMap,
  SignalKeyStore,
  UserFacingSocketConfig,
  WAMessage,
  WASocket,
} from '@whiskeysockets/baileys';

import type { Account } from './types.ts';
import type { WhatsAppServer } from './server.ts';

function memoryKeys(): SignalKeyStore {
  const data = new Map<string, unknown>();
  return {
    async get<T extends keyof SignalDataTypeMap>(type: T, ids: string[]) {
      const found: Record<string, SignalDataTypeMap[T]> = {};
      for (const id of ids) {
        const value = data.get(`${type}/${id}`);
        if (value) found[id] = value as SignalDataTypeMap[T];
      }
      return found;
    },
    async set(update: SignalDataSet) {
      for (const [type, entries] of Object.entries(update)) {
        for (const [id, value] of Object.entries(entries ?? {})) {
          if (value === null) data.delete(`${type}/${id}`);
          else data.set(`${type}/${id}`, value);
        }
      }
    },
  };
}

const silentLogger = {
  level: 'silent',
  child: () => silentLogger,
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
};

/** The client's libsignal prints sessions, keys included, through these. */
function quietConsole(): void {
  for (const method of ['info', 'warn', 'error'] as const) console[method] = () => {};
}

/** The unmodified client with its keys in memory, reconnecting only where a test says so (and after the 515). */
export class TestClient {
  readonly auth: AuthenticationState = { creds: initAuthCreds(), keys: memoryKeys() };
  readonly messages: Array<WAMessage & { upsertType: string }> = [];
  readonly acks: Array<{ id: string; error: string | undefined }> = [];
  readonly statuses: Array<{ id: string; status: number }> = [];
  readonly closeCodes: number[] = [];
  isOpen = false;
  qr: string | undefined;
  socket: WASocket | undefined;
  readonly #server: WhatsAppServer;
  readonly #config: Partial<UserFacingSocketConfig>;
  readonly #changes = new EventEmitter();

  constructor(server: WhatsAppServer, config: Partial<UserFacingSocketConfig> = {}) {
    this.#server = server;
    this.#config = config;
    quietConsole();
    WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(server.rootPublicKey);
  }

  connect(): void {
    const socket = makeWASocket({
      version: [2, 3000, 1_043_857_760],
      waWebSocketUrl: this.#server.url,
      auth: this.auth,
      logger: silentLogger,
      shouldSyncHistoryMessage: () => false,
      ...this.#config,
    });
    this.socket = socket;
    socket.ev.on('creds.update', (update) => Object.assign(this.auth.creds, update));
    socket.ev.on('messages.upsert', ({ messages, type }) => {
      for (const message of messages) {
        this.messages.push(Object.assign(message, { upsertType: type }));
        const { id } = message.key;
        if (id && typeof message.status === 'number') this.statuses.push({ id, status: message.status });
      }
      this.#changes.emit('change');
    });
    socket.ev.on('messages.update', (updates) => {
      for (const { key, update } of updates) {
        if (key.id && typeof update.status === 'number')
          this.statuses.push({ id: key.id, status: update.status });
      }
      this.#changes.emit('change');
    });
    socket.ws.on('CB:ack,class:message', ({ attrs }: { attrs: Record<string, string> }) => {
      this.acks.push({ id: attrs.id ?? '', error: attrs.error });
      this.#changes.emit('change');
    });
    socket.ev.on('connection.update', ({ connection, qr, lastDisconnect }) => {
      if (qr) this.qr = qr;
      if (connection === 'open') this.isOpen = true;
      if (connection === 'close') {
        this.isOpen = false;
        const code = (lastDisconnect?.error as { output?: { statusCode?: number } } | undefined)?.output
          ?.statusCode;
        this.closeCodes.push(code ?? 0);
        if (code === DisconnectReason.restartRequired) this.connect();
      }
      this.#changes.emit('change');
    });
  }

  /** Resolves when `condition` holds; it is looked at on each event of the client and in between. */
  async until(condition: () => boolean, what: string, timeoutMs = 10_000): Promise<void> {
    if (condition()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (condition()) resolve();
    };
    // What changes at the server or at a phone is no event of the client.
    const ticks = setInterval(look, 10);
    const timer = setTimeout(() => reject(new Error(`not in ${timeoutMs} ms: ${what}`)), timeoutMs);
    this.#changes.on('change', look);
    try {
      await promise;
    } finally {
      clearInterval(ticks);
      clearTimeout(timer);
      this.#changes.off('change', look);
    }
  }

  async pair(account: { number?: string; lid?: string } = {}): Promise<Account> {
    this.connect();
    await this.until(() => this.qr !== undefined, 'a QR text');
    const paired = await this.#server.scanQr(this.qr!, account);
    await this.until(() => this.isOpen, 'connection open after pairing');
    return paired;
  }

  async reconnect(): Promise<void> {
    this.connect();
    await this.until(() => this.isOpen, 'connection open again');
  }

  /** What a person would see: texts from someone else, each upsert of them. */
  get texts(): Array<{ id: string; text: string; from: string; offline: boolean }> {
    return this.messages
      .filter(({ key, message }) => !key.fromMe && message?.conversation)
      .map(({ key, message, upsertType }) => ({
        id: key.id ?? '',
        text: message?.conversation ?? '',
        from: key.remoteJid ?? '',
        offline: upsertType === 'append',
      }));
  }

  async text(id: string): Promise<string> {
    await this.until(() => this.texts.some((text) => text.id === id), `text ${id}`);
    return this.texts.find((text) => text.id === id)!.text;
  }

  async sendText(jid: string, text: string): Promise<string> {
    const sent = await this.socket!.sendMessage(jid, { text });
    return sent!.key.id!;
  }

  async acked(id: string): Promise<void> {
    await this.until(() => this.acks.some((ack) => ack.id === id), `ack of ${id}`);
  }

  async delivered(id: string): Promise<void> {
    const deliveryAck: number = proto.WebMessageInfo.Status.DELIVERY_ACK;
    await this.until(
      () => this.statuses.some((update) => update.id === id && update.status >= deliveryAck),
      `delivery of ${id}`,
    );
  }

  async end(): Promise<void> {
    await this.socket?.end(undefined);
  }
}
