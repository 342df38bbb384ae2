import {
  type Database,
  type ReleasedJob,
  type UnstoredMessageRow,
  listUnstoredMessages,
} from '@prosaas/database';
import { type App, BusinessFilter, type Guard, businessOf, page, pageQuery } from '@prosaas/http';
import { type Static, Type } from 'typebox';
import { retryUnstored } from '../retry-unstored.ts';
import { SessionId, mapDatabaseErrors } from './access.ts';

export interface UnstoredRoutesOptions {
  db: Database;
  adminGuard: Guard;
  readGuard: Guard;
  onRetried: (released: ReleasedJob | undefined) => void;
}

const Status = Type.Enum(['quarantined', 'pending', 'expired']);
const Unstored = Type.Object({
  id: Type.String(),
  business_id: Type.String(),
  session: Type.String(),
  contact: Type.String(),
  status: Status,
  reason: Type.String(),
  retries: Type.Integer(),
  received_at: Type.String(),
});
const Id = Type.Object({ id: Type.String({ format: 'uuid' }) });
const Query = Type.Object({
  ...pageQuery.properties,
  business: BusinessFilter,
  session: Type.Optional(SessionId),
  status: Type.Optional(Status),
});
const CURSOR = /^(?<at>\d{1,15})_(?<id>[0-9a-f-]{36})$/;

/** Lists messages that WhatsApp delivered and that could not be stored, with the reason, and retries to store one. */
export function mountUnstoredRoutes(
  app: App,
  { db, adminGuard, readGuard, onRetried }: UnstoredRoutesOptions,
): void {
  app.get(
    '/api/unstored-messages',
    {
      onRequest: readGuard,
      schema: {
        querystring: Query,
        response: {
          200: Type.Object({
            items: Type.Array(Unstored),
            next_cursor: Type.Union([Type.String(), Type.Null()]),
          }),
        },
      },
    },
    async (request) => {
      const { limit, cursor, business, session, status } = request.query;
      const rows = await mapDatabaseErrors(
        listUnstoredMessages(db, {
          businessId: businessOf(request, business),
          sessionId: session,
          status,
          after: parseCursor(cursor),
          limit: limit + 1,
        }),
      );
      const { items, next_cursor } = page(rows, limit, (row) => `${row.received_at.getTime()}_${row.id}`);
      return { items: items.map(toView), next_cursor };
    },
  );

  app.post(
    '/api/unstored-messages/:id/retry',
    {
      onRequest: adminGuard,
      schema: { params: Id, response: { 200: Type.Object({ message_id: Type.String() }) } },
    },
    async (request) => {
      const { messageId, fresh, released } = await mapDatabaseErrors(retryUnstored(db, request.params.id));
      if (fresh) onRetried(released);
      return { message_id: messageId };
    },
  );
}

function toView(row: UnstoredMessageRow): Static<typeof Unstored> {
  const { id, business_id, session_id, contact, status, reason, retries, received_at } = row;
  return {
    id,
    business_id,
    session: session_id,
    contact,
    status,
    reason,
    retries,
    received_at: received_at.toISOString(),
  };
}

function parseCursor(cursor: string | undefined): { receivedAt: Date; id: string } | undefined {
  const groups = cursor === undefined ? undefined : CURSOR.exec(cursor)?.groups;
  return groups && { receivedAt: new Date(Number(groups['at'])), id: groups['id'] ?? '' };
}
