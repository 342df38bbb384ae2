import { Readable } from 'node:stream';
import { eraseContact, exportContact, streamContactExport } from '@prosaas/database';
import { type App, BusinessFilter, businessOf } from '@prosaas/http';
import { Type } from 'typebox';
import { type ResourceContext } from './resource.ts';

// In the body, because paths are logged and a phone number must not be.
const Contact = Type.Object(
  // A phone number contains a digit, an address an `@` or a `:`.
  { contact: Type.String({ minLength: 3, maxLength: 128, pattern: '[\\d@:]' }), business: BusinessFilter },
  { additionalProperties: false },
);

const Erased = Type.Object({
  conversations: Type.Integer(),
  messages: Type.Integer(),
  unstored_messages: Type.Integer(),
  sends: Type.Integer(),
  jobs: Type.Integer(),
  calls: Type.Integer(),
  recordings: Type.Integer(),
});

export function contactRoutes(app: App, { db, business }: ResourceContext): void {
  app.post(
    '/api/contacts/export',
    { onRequest: business, config: { audited: true }, schema: { body: Contact } },
    async (request, reply) => {
      const { contact, business: named } = request.body;
      const query = { contact, businessId: businessOf(request, named) };
      const chunks = streamContactExport(db, query, await exportContact(db, query));
      return reply.type('application/json; charset=utf-8').send(Readable.from(chunks));
    },
  );

  app.post(
    '/api/contacts/erase',
    {
      onRequest: business,
      config: { audited: true },
      schema: { body: Contact, response: { 200: Erased } },
    },
    async (request) => {
      const { contact, business: named } = request.body;
      const businessId = businessOf(request, named);
      const erased = await db.transaction((tx) => eraseContact(tx, { contact, businessId }));
      request.log.info({ erased }, 'a contact was erased');
      return erased;
    },
  );
}
