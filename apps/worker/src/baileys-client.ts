import { AppError } from '@prosaas/runtime';

/** Longer than the 20 s that baileys waits for the server's ack: it gives up first, and says so. */
const TIME_LIMIT_MS = 30_000;

export class SendRefused extends AppError {
  override code = 'SEND_REFUSED';
}

export class SendFailed extends AppError {
  override code = 'SEND_FAILED';
  override retryable = true;
}

/** It cannot be sent now, whatever the message is: the baileys service is down, the session does not work, or its account may start no chats. */
export class SenderAway extends AppError {
  override code = 'SENDER_AWAY';
  override retryable = true;
}

/** WhatsApp lets the account start no new chats for now, and the recipient has never written to it. */
export class NewChatsRestricted extends SenderAway {}

export interface BaileysClient {
  /**
   * Resolves when the message was sent, now or under the same key before. Throws `SendRefused` where a retry can't help,
   * `SenderAway` where it is to be waited for, `SendFailed` otherwise.
   */
  sendText(message: {
    key: string;
    session: string;
    chatId: string;
    text: string;
    /** The phone number to send from; `null`: the session's, whichever it is. */
    account: string | null;
    signal: AbortSignal;
  }): Promise<{ id: string }>;
}

/**
 * What an HTTP status of the send says about asking again. Keys and addresses are a matter of deployment: they may be right in a
 * minute.
 */
export function judgeStatus(status: number): 'sent' | 'refused' | 'away' | 'retry' {
  if (status >= 200 && status < 300) return 'sent';
  if ([401, 403, 409, 503].includes(status) || (status >= 300 && status < 400)) return 'away';
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status) ? 'refused' : 'retry';
}

export function createBaileysClient({
  url,
  secret,
}: {
  url: string;
  /** Undefined until the keys were read from the database. */
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
          // The secret is for this address alone.
          redirect: 'manual',
          signal: AbortSignal.any([signal, AbortSignal.timeout(TIME_LIMIT_MS)]),
        });
        body = await response.json().catch(() => undefined);
      } catch (cause) {
        signal.throwIfAborted();
        throw new SenderAway(`the baileys service did not answer: ${reasonOf(cause)}`, { cause });
      }
      const verdict = judgeStatus(response.status);
      const { id, code, detail } = (body ?? {}) as { id?: unknown; code?: unknown; detail?: unknown };
      if (verdict === 'sent' && typeof id === 'string') return { id };
      const words = [code, detail].filter((word) => typeof word === 'string').join(': ');
      const said = `the baileys service answered ${response.status}${words && ` ${words}`}`;
      if (code === 'NEW_CHATS_RESTRICTED') throw new NewChatsRestricted(said);
      throw new { refused: SendRefused, away: SenderAway, retry: SendFailed, sent: SendFailed }[verdict](
        said,
      );
    },
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = (error.cause ?? error) as { code?: string };
  return code ?? error.message;
}
