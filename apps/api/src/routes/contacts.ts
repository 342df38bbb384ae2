import { eraseContact, exportContact } from '@prosaas/database';
import type { App } from '@prosaas/http';
import { Type } from 'typebox';
import { BusinessFilter, type ResourceContext, businessOf } from './resource.ts';

// In the body, not in the path: a phone number must not reach a log line.
const Contact = Type.Object(
  { contact: Type.String({ minLength: 3, maxLength: 100, pattern: '\\d' }), business: BusinessFilter },
  { additionalProperties: false },
);

const Erased = Type.Object({
  conversations: Type.Integer(),
  messages: Type.Integer(),
  unstored_messages: Type.Integer(),
  calls: Type.Integer(),
  recordings: Type.Integer(),
});

export function contactRoutes(app: App, { db, business }: ResourceContext): void {
  app.post('/api/contacts/export', { onRequest: business, schema: { body: Contact } }, async (request) => {
    const { contact, business: named } = request.body;
    const { calls, ...data } = await exportContact(db, {
      contact,
      businessId: businessOf(request, named),
    });
    return { contact, ...data, calls: calls.map(({ position: _position, ...call }) => call) };
  });

  app.post(
    '/api/contacts/erase',
    { onRequest: business, schema: { body: Contact, response: { 200: Erased } } },
    async (request) => {
      const { contact, business: named } = request.body;
      const businessId = businessOf(request, named);
      const erased = await db.transaction((tx) => eraseContact(tx, { contact, businessId }));
      request.log.info({ erased }, 'A contact was erased');
      return erased;
    },
  );
}
