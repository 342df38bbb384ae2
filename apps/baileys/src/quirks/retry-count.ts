/**
 * The client's `maxMsgRetryCount` that stands for five repeats.
 *
 * Baileys 7.0.0-rc14 counts a request for a repeat twice, on receipt (`handleReceipt`) and for the repeat itself
 * (`sendMessagesAgain`): its default of 5 gives two repeats. Five repeats count to ten, and a sixth request would count to
 * eleven without a repeat. https://github.com/WhiskeySockets/Baileys/pull/2518
 */
export const MAX_RETRY_COUNT = 11;
