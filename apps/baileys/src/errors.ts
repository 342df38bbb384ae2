import { AppError, type AppErrorOptions } from '@prosaas/runtime';

export class SessionNotFound extends AppError {
  override code = 'SESSION_NOT_FOUND';
  override status = 404;

  constructor(id: string) {
    super(`There is no WhatsApp session ${id}`);
  }
}

export class SessionExists extends AppError {
  override code = 'SESSION_EXISTS';
  override status = 409;

  constructor(id: string) {
    super(`There is a WhatsApp session ${id} already`);
  }
}

export class BusinessNotFound extends AppError {
  override code = 'BUSINESS_NOT_FOUND';
  override status = 404;

  constructor(id: string) {
    super(`There is no business ${id}`);
  }
}

export class SessionNotWorking extends AppError {
  override code = 'SESSION_NOT_WORKING';
  override status = 409;
  override retryable = true;

  constructor(id: string, why: string) {
    super(`The WhatsApp session ${id} cannot send now: ${why}`);
  }
}

export class QrNotAvailable extends AppError {
  override code = 'QR_NOT_AVAILABLE';
  override status = 409;

  constructor(message: string, { retryable = false }: Pick<AppErrorOptions, 'retryable'> = {}) {
    super(message);
    this.retryable = retryable;
  }
}

export class InvalidChatId extends AppError {
  override code = 'INVALID_CHAT_ID';
  override status = 400;

  constructor() {
    super('chatId must be a phone number in digits, or <digits>@c.us, @s.whatsapp.net or @lid');
  }
}

export class IdempotencyKeyReused extends AppError {
  override code = 'IDEMPOTENCY_KEY_REUSED';
  override status = 422;

  constructor() {
    super('This Idempotency-Key belongs to another message');
  }
}

export class SendRefused extends AppError {
  override code = 'SEND_REFUSED';
  override status = 422;

  constructor(why: string, options?: ErrorOptions) {
    super(`WhatsApp refused the message: ${why}`, options);
  }
}

export class SendRefusedForNow extends AppError {
  override code = 'SEND_REFUSED_FOR_NOW';
  override status = 502;
  override retryable = true;

  constructor(why: string, options?: ErrorOptions) {
    super(
      `WhatsApp refused the message for now: ${why}; repeat it later with the same Idempotency-Key`,
      options,
    );
  }
}

/** The account may start no new chats for now. Existing chats go on. */
export class NewChatsRestricted extends AppError {
  override code = 'NEW_CHATS_RESTRICTED';
  override status = 409;
  override retryable = true;

  constructor(until: Date | undefined) {
    const when = until === undefined ? 'for now' : `until ${until.toISOString()}`;
    super(
      `WhatsApp lets this account start no new chats ${when}; contacts who have written to it can be answered`,
    );
  }
}

/** The message has to be sent from a phone number that the session does not have any more. */
export class AccountChanged extends AppError {
  override code = 'ACCOUNT_CHANGED';
  override status = 422;

  constructor(id: string) {
    super(`The WhatsApp session ${id} was paired with another phone number since this was written`);
  }
}

export class SendFailed extends AppError {
  override code = 'SEND_FAILED';
  override status = 502;
  override retryable = true;

  constructor(options?: ErrorOptions) {
    super('The message could not be sent; repeat it with the same Idempotency-Key', options);
  }
}

export class AckTimeout extends AppError {
  override code = 'ACK_TIMEOUT';
  override status = 504;
  override retryable = true;

  constructor(options?: ErrorOptions) {
    super('WhatsApp did not confirm the message in time; repeat it with the same Idempotency-Key', options);
  }
}

export class DatabaseUnavailable extends AppError {
  override code = 'DATABASE_UNAVAILABLE';
  override status = 503;
  override retryable = true;

  constructor(options?: ErrorOptions) {
    super('The database cannot be used for now', options);
  }
}

export class InvalidText extends AppError {
  override code = 'INVALID_TEXT';
  override status = 400;

  constructor(options?: ErrorOptions) {
    super('A text contains a character that cannot be stored (NUL)', options);
  }
}

export class UnstoredMessageNotFound extends AppError {
  override code = 'UNSTORED_MESSAGE_NOT_FOUND';
  override status = 404;

  constructor(id: string) {
    super(`There is no unstored message ${id}`);
  }
}

export class MessageNotStorable extends AppError {
  override code = 'MESSAGE_NOT_STORABLE';
  override status = 422;

  constructor(why: string, options?: ErrorOptions) {
    super(`The message cannot be stored: ${why}`, options);
  }
}

export class OwnershipUnknown extends AppError {
  override code = 'OWNERSHIP_UNKNOWN';
  override status = 503;
  override retryable = true;

  constructor(options?: ErrorOptions) {
    super('Redis cannot be reached, so the owner of this session is unknown', options);
  }
}

export class OwnerUnreachable extends AppError {
  override code = 'OWNER_UNREACHABLE';
  override status = 503;
  override retryable = true;

  constructor(id: string, options?: ErrorOptions) {
    super(`The replica that holds the WhatsApp session ${id} cannot be reached`, options);
  }
}

/** The session moved to another replica while the request was forwarded. A request is forwarded once only. */
export class SessionMoved extends AppError {
  override code = 'SESSION_MOVED';
  override status = 409;
  override retryable = true;

  constructor(id: string) {
    super(`The WhatsApp session ${id} has just changed its replica`);
  }
}

/** A replica of an older build forwarded the request with the internal secret, without a signature. */
export class HopUnsigned extends AppError {
  override code = 'HOP_UNSIGNED';
  override status = 503;
  override retryable = true;

  constructor() {
    super('The replica that forwarded this runs an older build: try again when the upgrade is done');
  }
}

/** A forwarded request that was signed for another replica, or whose signature has expired. */
export class HopRefused extends AppError {
  override code = 'HOP_REFUSED';
  override status = 503;
  override retryable = true;

  constructor() {
    super(
      'This was forwarded to a replica that is gone, or the clocks of the replicas differ by more than 5 s',
    );
  }
}
