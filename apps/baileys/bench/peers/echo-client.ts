// A bare Baileys client in a separate process. It keeps its keys in memory and echoes each text.
import {
  type SignalDataTypeMap,
  type SignalKeyStore,
  DisconnectReason,
  initAuthCreds,
  makeWASocket,
} from '@whiskeysockets/baileys';

const [url = ''] = process.argv.slice(2);
// libsignal prints sessions through these.
for (const method of ['info', 'warn', 'error', 'log'] as const) console[method] = () => {};
process.on('disconnect', () => process.exit(0));

const silent = {
  level: 'silent',
  child: () => silent,
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
};
const auth = { creds: initAuthCreds(), keys: memoryKeys() };
connect();

function connect(): void {
  const socket = makeWASocket({
    auth,
    waWebSocketUrl: url,
    logger: silent,
    shouldSyncHistoryMessage: () => false,
    emitOwnEvents: false,
    markOnlineOnConnect: false,
  });
  socket.ev.on('creds.update', (update) => Object.assign(auth.creds, update));
  socket.ev.on('connection.update', ({ connection, qr, lastDisconnect }) => {
    if (qr) process.send?.({ qr });
    const { output } = (lastDisconnect?.error ?? {}) as { output?: { statusCode?: number } };
    if (connection === 'close' && output?.statusCode === DisconnectReason.restartRequired) connect();
  });
  socket.ev.on('messages.upsert', ({ messages }) => {
    for (const { key, message } of messages) {
      const text = message?.conversation;
      if (text && !key.fromMe && key.remoteJid) void socket.sendMessage(key.remoteJid, { text });
    }
  });
}

function memoryKeys(): SignalKeyStore {
  const data = new Map<string, unknown>();
  return {
    get<T extends keyof SignalDataTypeMap>(type: T, ids: string[]) {
      return Object.fromEntries(
        ids.flatMap((id) => (data.has(`${type}/${id}`) ? [[id, data.get(`${type}/${id}`)]] : [])),
      ) as Record<string, SignalDataTypeMap[T]>;
    },
    set(update) {
      for (const [type, entries] of Object.entries(update)) {
        for (const [id, value] of Object.entries(entries ?? {})) {
          if (value === null) data.delete(`${type}/${id}`);
          else data.set(`${type}/${id}`, value);
        }
      }
    },
  };
}
