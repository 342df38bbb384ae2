import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';

import { proto } from '@whiskeysockets/baileys';

import type { AccountState } from './account.ts';
import type { Companion } from './companion.ts';

/**
 * Sends a new companion the key of the app state and an empty history, as its handset does. Without these the client holds
 * back events for 20 s after its first login.
 */
export async function sendFirstHistory(account: AccountState, companion: Companion): Promise<void> {
  const keyShare = {
    type: proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_SHARE,
    appStateSyncKeyShare: {
      keys: [
        {
          keyId: { keyId: randomBytes(6) },
          keyData: {
            keyData: randomBytes(32),
            fingerprint: { rawId: 1, currentIndex: 0, deviceIndexes: [0, companion.deviceId] },
            timestamp: Date.now(),
          },
        },
      ],
    },
  };
  const bootstrap = historyNotification('INITIAL_BOOTSTRAP', []);
  await Promise.all([
    account.handset.sendPeerMessage(companion, keyShare),
    account.handset.sendPeerMessage(companion, bootstrap),
  ]);
}

/** A notification that carries the history inline. */
export function historyNotification(
  type: 'INITIAL_BOOTSTRAP' | 'RECENT',
  conversations: proto.IConversation[],
): proto.Message.IProtocolMessage {
  const history = proto.HistorySync.encode({
    syncType: proto.HistorySync.HistorySyncType[type],
    conversations,
    chunkOrder: 1,
    progress: 100,
  }).finish();
  return {
    type: proto.Message.ProtocolMessage.Type.HISTORY_SYNC_NOTIFICATION,
    historySyncNotification: {
      syncType: proto.Message.HistorySyncType[type],
      initialHistBootstrapInlinePayload: deflateSync(history),
      chunkOrder: 1,
      progress: 100,
    },
  };
}
