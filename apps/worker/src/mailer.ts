import { AppError } from '@prosaas/runtime';
import { createTransport } from 'nodemailer';

/** The mail server rejects the message permanently, or the address is invalid. */
class MailRefused extends AppError {
  override code = 'MAIL_REFUSED';
}

class MailFailed extends AppError {
  override code = 'MAIL_FAILED';
  override retryable = true;
}

export interface Mailer {
  /** Resolves when the server has accepted the message. Throws `MailRefused` if a retry cannot help, `MailFailed` otherwise. */
  send(mail: { id: string; to: string; subject: string; text: string; signal: AbortSignal }): Promise<void>;
}

/** Timeout of each step of the SMTP session; a job's attempt has 60 s. */
const STEP_MS = 15_000;
const ADDRESS = /^[^\s<>@,;:"()\\]{1,64}@[^\s<>@,;:"()\\]{1,255}$/;

/** Validates SMTP_URL; throws with the fault. */
export function parseSmtpUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '')
    throw new RangeError('must be a URL such as smtp://user:password@host:587 or smtps://host');
  return text;
}

/** Validates MAIL_FROM: `name@example.com`, or `Name <name@example.com>`. */
export function parseSender(text: string): string {
  const [, address = text] = /^[^<>\r\n"]{0,100}<([^<>]+)>$/.exec(text) ?? [];
  if (!ADDRESS.test(address))
    throw new RangeError('must be an address such as name@example.com or Name <name@example.com>');
  return text;
}

/** Undefined if no mail server is configured. */
export function createMailer({
  SMTP_URL: url,
  MAIL_FROM: from,
}: {
  SMTP_URL?: string;
  MAIL_FROM?: string;
}): Mailer | undefined {
  if (url === undefined) return undefined;
  const sender = from ?? defaultSender(url);
  const domain = /@([^\s<>@]+)>?$/.exec(sender)?.[1] ?? 'localhost';
  const transport = createTransport({
    url,
    connectionTimeout: STEP_MS,
    greetingTimeout: STEP_MS,
    socketTimeout: STEP_MS,
    dnsTimeout: STEP_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send({ id, to, subject, text, signal }) {
      signal.throwIfAborted();
      if (!ADDRESS.test(to)) throw new MailRefused("the person's e-mail address is invalid");
      const aborted = Promise.withResolvers<never>();
      const abort = (): void => aborted.reject(signal.reason);
      signal.addEventListener('abort', abort);
      try {
        const sending = transport.sendMail({
          from: sender,
          to: { name: '', address: to },
          subject,
          text,
          // The same when a send is repeated, so that mail clients can recognize a duplicate.
          messageId: `<${id}@${domain}>`,
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
        await Promise.race([sending, aborted.promise]);
      } catch (error) {
        signal.throwIfAborted();
        throw failureOf(error);
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
  };
}

/** The default of MAIL_FROM. */
function defaultSender(url: string): string {
  const { username, hostname } = new URL(url);
  const user = decodeURIComponent(username);
  return ADDRESS.test(user) ? user : `prosaas@${hostname}`;
}

function failureOf(error: unknown): AppError {
  const { code, responseCode, message } = error as { code?: string; responseCode?: number; message?: string };
  const text = `the mail server: ${code ?? ''} ${message ?? String(error)}`;
  // Only errors about this message are permanent; a wrong password can be corrected.
  const isRefused = (code === 'EENVELOPE' || code === 'EMESSAGE') && (responseCode ?? 0) >= 500;
  return isRefused ? new MailRefused(text, { cause: error }) : new MailFailed(text, { cause: error });
}
