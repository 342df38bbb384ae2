import { AppError } from '@prosaas/runtime';

/** Longer than the 20 s that the baileys service waits for WhatsApp's ack, so that its error arrives first. */
const TIME_LIMIT_MS = 30_000;

export class SendRefused extends AppError {
  override code = 'SEND_REFUSED';
}

export class SendFailed extends AppError {
  override code = 'SEND_FAILED';
  override retryable = true;
}

/** No message can be sent now: the baileys service is down, the session does not work, or its account may start no chats. */
export class SenderAway extends AppError {
  override code = 'SENDER_AWAY';
  override retryable = true;
}

/** WhatsApp lets the account start no new chats for now, and the recipient has never written to it. */
export class NewChatsRestricted extends SenderAway {}

export interface BaileysClient {
  /**
   * Resolves when the message was sent, now or earlier with the same key. Throws `SendRefused` if a retry cannot help, `SenderAway` if
   * nothing can be sent now, `SendFailed` otherwise.
   */
  sendText(message: {
    key: string;
    session: string;
    chatId: string;
    text: string;
    /** The phone number to send from; null: the session's current one. */
    account: string | null;
    signal: AbortSignal;
  }): Promise<{ id: string }>;
}

/**
 * Classifies the HTTP status of a send. Statuses that a wrong key or address causes count as `away`, because an operator can correct those.
 */
export function classifyStatus(status: number): 'sent' | 'refused' | 'away' | 'retry' {
  if (status >= 200 && status < 300) return 'sent';
  if ([401, 403, 409, 503].includes(status) || (status >= 300 && status < 400)) return 'away';
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status) ? 'refused' : 'retry';
}

export function createBaileysClient({
  url,
  secret,
}: {
  url: string;
  /** Undefined until the keys are read from the database. */
  secret: () => string | undefined;
}): BaileysClient {
  return {
    async sendText({ key, session, chatId, text, account, signal }) {
      const internalSecret = secret();
      if (internalSecret === undefined) throw new SenderAway('the keys are not loaded yet');
      let response: Response;
      let body: unknown;
      try {
        response = await fetch(new URL('/api/sendText', url), {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'idempotency-key': key,
            'x-internal-secret': internalSecret,
          },
          body: JSON.stringify({ session, chatId, text, ...(account !== null && { account }) }),
          // A redirect must not carry the secret elsewhere.
          redirect: 'manual',
          signal: AbortSignal.any([signal, AbortSignal.timeout(TIME_LIMIT_MS)]),
        });
        body = await response.json().catch(() => undefined);
      } catch (cause) {
        signal.throwIfAborted();
        throw new SenderAway(`the baileys service did not answer: ${reasonOf(cause)}`, { cause });
      }
      const result = classifyStatus(response.status);
      const { id, code, detail } = (body ?? {}) as { id?: unknown; code?: unknown; detail?: unknown };
      if (result === 'sent' && typeof id === 'string') return { id };
      const reason = [code, detail].filter((part) => typeof part === 'string').join(': ');
      const message = `the baileys service answered ${response.status}${reason && ` ${reason}`}`;
      if (code === 'NEW_CHATS_RESTRICTED') throw new NewChatsRestricted(message);
      throw new { refused: SendRefused, away: SenderAway, retry: SendFailed, sent: SendFailed }[result](
        message,
      );
    },
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = (error.cause ?? error) as { code?: string };
  return code ?? error.message;
}
