/** The meaning of WhatsApp's refusal of a message. */
export interface Refusal {
  /** The recipient's other address, phone number or LID, may be accepted. */
  tryOtherAddress: boolean;
  /** A later attempt may succeed. */
  retryable: boolean;
  /** For people: shown in the message's `error`. */
  reason: string;
}

/** The code for an account that may start no new chats, or for a chat whose privacy token is missing. */
export const NO_NEW_CHATS = '463';

/**
 * By the `error` of an ack. WhatsApp does not document them; the meanings come from
 * https://github.com/WhiskeySockets/Baileys/blob/master/src/Utils/decode-wa-message.ts (`SERVER_ERROR_CODES`, `NACK_REASONS`).
 */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  '404': { tryOtherAddress: true, retryable: false, reason: 'nobody has this number on WhatsApp' },
  '429': { tryOtherAddress: false, retryable: true, reason: 'too many messages in too short a time' },
  [NO_NEW_CHATS]: {
    tryOtherAddress: true,
    retryable: true,
    reason:
      'the account may not write to this contact for now: WhatsApp restricts whom it may write to first',
  },
  '475': {
    tryOtherAddress: false,
    retryable: true,
    reason: 'the account has started as many chats as it may',
  },
  '479': {
    tryOtherAddress: true,
    retryable: true,
    reason: 'the message was not addressed as WhatsApp expects it',
  },
};

export function refusalOf(code: string): Refusal {
  const isServerError = /^5\d\d$/.test(code);
  return (
    REFUSALS[code] ?? {
      tryOtherAddress: false,
      retryable: isServerError,
      reason: isServerError ? 'WhatsApp had a fault of its own' : 'WhatsApp gave no reason',
    }
  );
}
