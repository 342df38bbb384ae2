import { randomUUID } from 'node:crypto';
import type { Database } from '@prosaas/database';
import { type App, type Guard, businessOf } from '@prosaas/http';
import { Type } from 'typebox';
import { parseChatId } from '../chat-id.ts';
import { InvalidChatId, SessionNotFound, SessionNotWorking } from '../errors.ts';
import type { Forwarding } from '../forwarding.ts';
import type { Sender } from '../sender.ts';
import type { SessionManager } from '../session-manager.ts';
import type { SessionViews } from '../session-views.ts';
import { SessionId, mapDatabaseErrors, sessionFor } from './access.ts';

export interface SendRoutesOptions {
  db: Database;
  manager: SessionManager;
  views: SessionViews;
  sender: Sender;
  forwarding: Forwarding;
  sendGuard: Guard;
}

const SendText = Type.Object({
  session: SessionId,
  chatId: Type.String({ maxLength: 100 }),
  text: Type.String({ minLength: 1, maxLength: 65_536 }),
  account: Type.Optional(Type.String({ pattern: '^\\d{5,20}$' })),
});

/** Without a key, each request is a new message. */
const SendHeaders = Type.Object({
  'idempotency-key': Type.Optional(Type.String({ pattern: '^[\\x21-\\x7e]{1,200}$' })),
});

const SendAnswer = Type.Object({ id: Type.String(), status: Type.String() });

export function mountSendRoutes(
  app: App,
  { db, manager, views, sender, forwarding, sendGuard }: SendRoutesOptions,
): void {
  app.post(
    '/api/sendText',
    {
      onRequest: sendGuard,
      config: { audited: true },
      schema: { body: SendText, headers: SendHeaders, response: { 200: SendAnswer } },
    },
    async (request, reply) => {
      const { session: id, chatId, text, account } = request.body;
      request.auditTarget = id;
      const jid = parseChatId(chatId);
      if (!jid) throw new InvalidChatId();
      // A missing key is made here and forwarded with the request, so that a replayed request is not sent twice.
      const key = request.headers['idempotency-key'] ?? randomUUID();
      request.raw.headers['idempotency-key'] = key;
      const session = manager.find(id);
      if (session) {
        const businessId = businessOf(request);
        if (businessId !== undefined && businessId !== session.businessId) throw new SessionNotFound(id);
        // The worker writes its messages into their conversations before it sends them.
        const isProgram = request.principal?.role !== 'internal';
        return mapDatabaseErrors(sender.send(session, { key, jid, text, account, isProgram }));
      }
      const row = await sessionFor(db, request, id);
      const owner = await forwarding.otherOwner(request, id);
      if (owner) return forwarding.forward(request, reply, id, owner);
      const { status, reason } = await views.one(row);
      throw new SessionNotWorking(id, reason ?? status);
    },
  );
}
