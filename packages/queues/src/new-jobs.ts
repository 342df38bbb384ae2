import { type NewJob, orderKeys } from '@prosaas/database';
import type { MessageJob, NoticeJob, QueueName } from './queue-table.ts';

export interface MessageRef {
  id: string;
  conversation_id: string;
  business_id: string;
}

const messageJob = (
  queue: QueueName,
  orderKey: string,
  message: MessageRef,
  trace: string | undefined,
): NewJob => ({
  queue,
  orderKey,
  messageId: message.id,
  businessId: message.business_id,
  payload: {
    messageId: message.id,
    conversationId: message.conversation_id,
    businessId: message.business_id,
  } satisfies MessageJob,
  trace,
});

/** The job that answers an inbound message. Insert it in the transaction that stores the message. */
export const inboundJob = (message: MessageRef, trace?: string): NewJob =>
  messageJob('inbound-messages', orderKeys.inbound(message.conversation_id), message, trace);

/** The job that sends an outbound message. Insert it in the transaction that stores the message. */
export const outboundJob = (message: MessageRef, trace?: string): NewJob =>
  messageJob('outbound-messages', orderKeys.outbound(message.conversation_id), message, trace);

/** The job that sends a notice by e-mail. Insert it in the transaction that stores the notice. */
export const noticeJob = (notice: { id: string; conversation_id: string; business_id: string }): NewJob => ({
  queue: 'notices',
  orderKey: orderKeys.notice(notice.id),
  businessId: notice.business_id,
  payload: {
    noticeId: notice.id,
    conversationId: notice.conversation_id,
    businessId: notice.business_id,
  } satisfies NoticeJob,
});
