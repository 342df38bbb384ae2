/**
 * The client's `maxMsgRetryCount` that stands for five repeats.
 *
 * Baileys 7.0.0-rc14 counts a request for a repeat twice, on receipt (`handleReceipt`) and for the repeat itself
 * (`sendMessagesAgain`): its default of 5 is two repeats, and silence after that. Of the sixth request the second count does not
 * happen, hence one more than ten. https://github.com/WhiskeySockets/Baileys/pull/2518
 */
export const MAX_RETRY_COUNT = 11;
