import { findUnsentNotice, listLastInbound, markNoticeSent } from '@prosaas/database';
import { AppError } from '@prosaas/runtime';
import type { JobDependencies, JobHandler } from '../job.ts';
import { MESSAGES_SHOWN, emailToDo, noticeSubject, noticeText } from '../notices/texts.ts';

/** Notices were written while SMTP_URL was set, and it is not any more. */
class NoMailServer extends AppError {
  override code = 'NO_MAIL_SERVER';
}

/** More than is shown of a message. */
const TEXT_LENGTH = 1000;

/** Tells a person by e-mail that a customer waits, unless the customer does not any more. */
export function createHandler({ db, mailer, profile }: JobDependencies): JobHandler<'notices'> {
  return async ({ payload, signal, close }) => {
    const notice = await findUnsentNotice(db, payload.noticeId);
    if (notice === undefined) return close();
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
      text: noticeText({ ...notice, kind, messages, timeZone, toDo: emailToDo(notice.id) }),
      signal,
    });
    await close((tx) => markNoticeSent(tx, payload.noticeId));
  };
}
