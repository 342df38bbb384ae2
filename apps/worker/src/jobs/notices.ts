import { findUnsentNotice, listLastInbound, markNoticeSent } from '@prosaas/database';
import { AppError } from '@prosaas/runtime';
import type { JobDependencies, JobHandler } from '../job.ts';
import { MESSAGES_SHOWN, emailInstructions, noticeSubject, noticeText } from '../notices/texts.ts';

/** The notice was written while SMTP_URL was set, and it is no longer set. */
class NoMailServer extends AppError {
  override code = 'NO_MAIL_SERVER';
}

/** Characters read of each message; more than a notice shows. */
const TEXT_LENGTH = 1000;

/** Notifies a person by e-mail that a customer waits, if the customer still does. */
export function createHandler({ db, mailer, profile }: JobDependencies): JobHandler<'notices'> {
  return async ({ payload, signal, complete }) => {
    const notice = await findUnsentNotice(db, payload.noticeId);
    if (notice === undefined) return complete();
    if (mailer === undefined) throw new NoMailServer('SMTP_URL is not set');
    const messages = await listLastInbound(db, {
      conversationId: notice.id,
      limit: MESSAGES_SHOWN,
      textLimit: TEXT_LENGTH,
    });
    const kind = notice.kind === 'reminder' ? 'reminder' : 'waiting';
    const { timeZone } = profile();
    await mailer.send({
      id: payload.noticeId,
      to: notice.email,
      subject: noticeSubject({ ...notice, kind }),
      text: noticeText({ ...notice, kind, messages, timeZone, instructions: emailInstructions(notice.id) }),
      signal,
    });
    await complete((tx) => markNoticeSent(tx, payload.noticeId));
  };
}
