import { assignNumber, listNumbers, removeNumber } from '@prosaas/database';
import { type App, BusinessFilter, businessOf, page, pageQuery } from '@prosaas/http';
import { Type } from 'typebox';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { NotFound } from '../errors.ts';
import { Page } from './page.ts';
import { type ResourceContext } from './resource.ts';

const PhoneNumber = Type.Object({ number: Type.String(), business_id: Type.String() });

const e164 = Type.String({
  pattern: '^\\+[1-9][0-9]{5,14}$',
  description: 'E.164: a plus, the country and the number, digits only',
});
const NumberParams = Type.Object({ number: e164 });
const NumberCursor = Type.Tuple([e164]);
const Query = Type.Object(
  { ...pageQuery.properties, business: BusinessFilter },
  { additionalProperties: false },
);
const Owner = Type.Object({ business_id: Type.String({ maxLength: 63 }) }, { additionalProperties: false });

/** Assigns called numbers, and so calls, to businesses. Numbers without an assignment belong to the default business. */
export function phoneNumberRoutes(app: App, { db, business, admin }: ResourceContext): void {
  app.get(
    '/api/phone-numbers',
    { onRequest: business, schema: { querystring: Query, response: { 200: Page(PhoneNumber) } } },
    async (request) => {
      const { limit, cursor, business: named } = request.query;
      const after = decodeCursor(NumberCursor, cursor);
      const rows = await listNumbers(db, {
        businessId: businessOf(request, named),
        after: after?.[0],
        limit: limit + 1,
      });
      return page(rows, limit, (row) => encodeCursor([row.number]));
    },
  );

  app.put(
    '/api/phone-numbers/:number',
    {
      onRequest: admin,
      schema: { params: NumberParams, body: Owner, response: { 200: PhoneNumber } },
    },
    async (request) => {
      const { number } = request.params;
      const assigned = await assignNumber(db, { number, businessId: request.body.business_id });
      if (assigned === undefined) throw new NotFound('business');
      return assigned;
    },
  );

  app.delete(
    '/api/phone-numbers/:number',
    { onRequest: admin, schema: { params: NumberParams } },
    async (request, reply) => {
      if (!(await removeNumber(db, request.params.number))) throw new NotFound('phone number');
      return reply.code(204).send();
    },
  );
}
