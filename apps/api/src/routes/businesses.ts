import { findBusiness, listBusinesses } from '@prosaas/database';
import { type App, businessOf, page, pageQuery } from '@prosaas/http';
import { Type } from 'typebox';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { NotFound } from '../errors.ts';
import { Page } from './page.ts';
import { type ResourceContext, requireText } from './resource.ts';

const Business = Type.Object({ id: Type.String(), name: Type.String(), time_zone: Type.String() });

const BusinessCursor = Type.Tuple([Type.String({ maxLength: 63 })]);

const Id = Type.Object({ id: Type.String() });

export function businessRoutes(app: App, { db, business }: ResourceContext): void {
  app.get(
    '/api/businesses',
    { onRequest: business, schema: { querystring: pageQuery, response: { 200: Page(Business) } } },
    async (request) => {
      const { limit, cursor } = request.query;
      const after = decodeCursor(BusinessCursor, cursor);
      const rows = await listBusinesses(db, {
        businessId: businessOf(request),
        after: after?.[0],
        limit: limit + 1,
      });
      return page(rows, limit, (row) => encodeCursor([row.id]));
    },
  );

  app.get(
    '/api/businesses/:id',
    { onRequest: business, schema: { params: Id, response: { 200: Business } } },
    async (request) => {
      const id = requireText(request.params.id, 'business');
      const own = businessOf(request);
      const found = own === undefined || own === id ? await findBusiness(db, id) : undefined;
      if (found === undefined) throw new NotFound('business');
      return found;
    },
  );
}
