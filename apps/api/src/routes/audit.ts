import { listAudit } from '@prosaas/database';
import { type App, page, pageQuery } from '@prosaas/http';
import { Type } from 'typebox';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { Page, SequenceCursor } from './page.ts';
import { NullableText, type ResourceContext, Time } from './resource.ts';

const AuditEntry = Type.Object({
  id: Type.String(),
  at: Time,
  role: Type.String(),
  action: Type.String(),
  target: NullableText,
  request_id: NullableText,
  person_id: NullableText,
  person_name: NullableText,
  address: NullableText,
});

const Query = Type.Object(
  { ...pageQuery.properties, person: Type.Optional(Type.String({ format: 'uuid', maxLength: 36 })) },
  { additionalProperties: false },
);

export function auditRoutes(app: App, { db, admin }: ResourceContext): void {
  // Each request with an admin's key, including this one, and each request to a route with `config.audited`.
  app.get(
    '/api/audit',
    { onRequest: admin, schema: { querystring: Query, response: { 200: Page(AuditEntry) } } },
    async (request) => {
      const { limit, cursor, person } = request.query;
      const before = decodeCursor(SequenceCursor, cursor);
      const rows = await listAudit(db, { before: before?.[0], personId: person, limit: limit + 1 });
      return page(rows, limit, (row) => encodeCursor([row.id]));
    },
  );
}
