/**
 * The value of the client's `maxMsgRetryCount` with which it resends a message five times.
 *
 * Baileys 7.0.0-rc14 counts each retry receipt twice: when it arrives (`handleReceipt`) and for the resend
 * (`sendMessagesAgain`). So its default of 5 gives two resends. Five resends count to ten, and a sixth receipt counts to
 * eleven without a resend. https://github.com/WhiskeySockets/Baileys/pull/2518
 */
export const MAX_RETRY_COUNT = 11;
