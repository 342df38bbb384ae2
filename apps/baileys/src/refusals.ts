/** What WhatsApp's refusal of a message means. */
export interface Refusal {
  /** The recipient may be reached under their other address: phone number or LID. */
  mayHelpElsewhere: boolean;
  /** A later attempt may succeed. */
  mayPass: boolean;
  /** For people: it stands in the message's `error`. */
  reason: string;
}

/** The code for an account that may start no chats, or a chat whose privacy token is missing. */
export const NO_NEW_CHATS = '463';

/**
 * By the `error` of an ack. WhatsApp documents none of them; where their meanings come from:
 * https://github.com/WhiskeySockets/Baileys/blob/master/src/Utils/decode-wa-message.ts (`SERVER_ERROR_CODES`, `NACK_REASONS`).
 */
const known: Readonly<Record<string, Refusal>> = {
  '404': { mayHelpElsewhere: true, mayPass: false, reason: 'nobody has this number on WhatsApp' },
  '429': { mayHelpElsewhere: false, mayPass: true, reason: 'too many messages in too short a time' },
  [NO_NEW_CHATS]: {
    mayHelpElsewhere: true,
    mayPass: true,
    reason:
      'the account may not write to this contact for now: WhatsApp restricts whom it may write to first',
  },
  '475': {
    mayHelpElsewhere: false,
    mayPass: true,
    reason: 'the account has started as many chats as it may',
  },
  '479': {
    mayHelpElsewhere: true,
    mayPass: true,
    reason: 'the message was not addressed as WhatsApp expects it',
  },
};

export function refusalOf(code: string): Refusal {
  const isServers = /^5\d\d$/.test(code);
  return (
    known[code] ?? {
      mayHelpElsewhere: false,
      mayPass: isServers,
      reason: isServers ? 'WhatsApp had a fault of its own' : 'WhatsApp gave no reason',
    }
  );
}
