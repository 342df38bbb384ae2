import { AppError } from '@prosaas/runtime';

/** The contact asked for no more messages. */
export class ContactOptedOut extends AppError {
  override code = 'CONTACT_OPTED_OUT';
  override status = 409;

  constructor(conversationId: string) {
    super(
      'The contact asked for no more messages. A person may answer once she writes again (POST /api/messages, as "person"), or opt ' +
        `her in with a reason: POST /api/conversations/${conversationId}/opt-in`,
    );
  }
}
