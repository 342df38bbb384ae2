import {
  DEFAULT_BUSINESS_ID,
  type PeopleScope,
  type PersonRow,
  type PersonWithKey,
  changePerson,
  createPerson,
  findBusiness,
  findPerson,
  listPeople,
  replaceKey,
  revokePerson,
} from '@prosaas/database';
import { type App, BusinessFilter, type KeyRing, businessOf, page, pageQuery } from '@prosaas/http';
import { AppError } from '@prosaas/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { NotFound } from '../errors.ts';
import { digitsOf } from '../phone-digits.ts';
import { Page } from './page.ts';
import { NullableText, NullableTime, Position, type ResourceContext, Time, requireUuid } from './resource.ts';

/** People of a business who are not revoked. Every service keeps their keys in memory. */
const MAX_PEOPLE = 200;

const personFields = {
  id: Type.String(),
  business_id: Type.String(),
  name: Type.String(),
  role: Type.Unsafe<PersonRow['role']>({ type: 'string' }),
  phone_number: NullableText,
  email: NullableText,
  created_at: Time,
  revoked_at: NullableTime,
};
const Person = Type.Object(personFields);
const PersonName = Type.Object({ id: Type.String(), name: Type.String(), role: personFields.role });
const PersonWithKeyBody = Type.Object({ ...personFields, key: Type.String() });

// No control characters: names are put into messages and e-mail.
const Name = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^[^\\u0000-\\u001f\\u007f]*[^\\s\\u0000-\\u001f\\u007f][^\\u0000-\\u001f\\u007f]*$',
});
const RoleField = Type.Enum(['owner', 'staff', 'admin']);
const PhoneNumber = Type.String({ maxLength: 40 });
const Email = Type.String({ maxLength: 254, format: 'email' });
const nullable = <T extends typeof PhoneNumber>(type: T) => Type.Optional(Type.Union([type, Type.Null()]));

const NewPerson = Type.Object(
  {
    name: Name,
    role: RoleField,
    phone_number: nullable(PhoneNumber),
    email: nullable(Email),
    business_id: Type.Optional(Type.String({ minLength: 1, maxLength: 63 })),
  },
  { additionalProperties: false },
);
const Change = Type.Object(
  {
    name: Type.Optional(Name),
    role: Type.Optional(RoleField),
    phone_number: nullable(PhoneNumber),
    email: nullable(Email),
  },
  { additionalProperties: false, minProperties: 1 },
);
const Query = Type.Object(
  {
    ...pageQuery.properties,
    business: BusinessFilter,
    revoked: Type.Optional(Type.Boolean({ description: 'With those whose key was taken away' })),
  },
  { additionalProperties: false },
);
const NamesQuery = Type.Object(
  { ...pageQuery.properties, business: BusinessFilter },
  { additionalProperties: false },
);
const Id = Type.Object({ id: Type.String() });
const Cursor = Type.Tuple([
  Position,
  Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' }),
]);

const audited = { audited: true };

/**
 * The people of a business, each with their own key. Owners manage owners and staff, admins manage everyone. Names are visible to
 * all people of the business.
 */
export function peopleRoutes(
  app: App,
  { db, business, owner, keyRing }: ResourceContext & { keyRing: Pick<KeyRing, 'refreshPeople'> },
): void {
  /** Applies a change at once in this process. If that fails, and in other services, it applies at the next regular read. */
  const refreshKeys = (): Promise<void> => keyRing.refreshPeople().catch(() => {});

  const showKey = (reply: FastifyReply, { person, key }: PersonWithKey): PersonRow & { key: string } => {
    reply.header('cache-control', 'no-store');
    return { ...person, key };
  };

  /** Throws the reason why a change found no person. */
  const refuse = async (id: string, scope: PeopleScope): Promise<never> => {
    if ((await findPerson(db, id, scope)) === undefined) throw new NotFound('person');
    throw new PersonRevoked();
  };

  app.get(
    '/api/people',
    { onRequest: owner, schema: { querystring: Query, response: { 200: Page(Person) } } },
    async (request) => {
      const { limit, cursor, business: named, revoked = false } = request.query;
      const after = decodeCursor(Cursor, cursor);
      const rows = await listPeople(db, {
        scope: scopeOf(request, named),
        withRevoked: revoked,
        after: after && { position: after[0], id: after[1] },
        limit: limit + 1,
      });
      return page(rows, limit, (row) => encodeCursor([row.position, row.id]));
    },
  );

  // The people to whom a conversation can be assigned.
  app.get(
    '/api/people/names',
    { onRequest: business, schema: { querystring: NamesQuery, response: { 200: Page(PersonName) } } },
    async (request) => {
      const { limit, cursor, business: named } = request.query;
      const after = decodeCursor(Cursor, cursor);
      const rows = await listPeople(db, {
        scope: scopeOf(request, named),
        withRevoked: false,
        after: after && { position: after[0], id: after[1] },
        limit: limit + 1,
      });
      return page(rows, limit, (row) => encodeCursor([row.position, row.id]));
    },
  );

  app.post(
    '/api/people',
    { onRequest: owner, config: audited, schema: { body: NewPerson, response: { 201: PersonWithKeyBody } } },
    async (request, reply) => {
      const { name, role, phone_number: number, email = null, business_id: named } = request.body;
      const businessId = businessOf(request, named) ?? DEFAULT_BUSINESS_ID;
      requireRole(request, role);
      if ((await findBusiness(db, businessId)) === undefined) throw new NotFound('business');
      const created = await createPerson(
        db,
        { business_id: businessId, name: name.trim(), role, phone_number: digitsOf(number) ?? null, email },
        { most: MAX_PEOPLE },
      );
      if (created === undefined) throw new TooManyPeople();
      request.auditTarget = created.person.id;
      await refreshKeys();
      reply.code(201).header('location', `/api/people/${created.person.id}`);
      return showKey(reply, created);
    },
  );

  app.get(
    '/api/people/:id',
    { onRequest: owner, schema: { params: Id, response: { 200: Person } } },
    async (request) => {
      const person = await findPerson(db, requireUuid(request.params.id, 'person'), scopeOf(request));
      if (person === undefined) throw new NotFound('person');
      return person;
    },
  );

  app.patch(
    '/api/people/:id',
    { onRequest: owner, config: audited, schema: { params: Id, body: Change, response: { 200: Person } } },
    async (request) => {
      const id = requireUuid(request.params.id, 'person');
      const scope = scopeOf(request);
      const { name, role, phone_number: number, email } = request.body;
      if (role !== undefined) {
        requireRole(request, role);
        const { person } = request.principal ?? {};
        if (isSelf(request, id) && role !== person?.role) throw new OwnAccess();
      }
      const change = {
        ...(name !== undefined && { name: name.trim() }),
        ...(role !== undefined && { role }),
        ...(number !== undefined && { phone_number: digitsOf(number) ?? null }),
        ...(email !== undefined && { email }),
      };
      const person = (await changePerson(db, id, { scope, change })) ?? (await refuse(id, scope));
      await refreshKeys();
      return person;
    },
  );

  // Replaces the key. The old one stops working at once.
  app.post(
    '/api/people/:id/key',
    { onRequest: owner, config: audited, schema: { params: Id, response: { 200: PersonWithKeyBody } } },
    async (request, reply) => {
      const id = requireUuid(request.params.id, 'person');
      const scope = scopeOf(request);
      const replaced = (await replaceKey(db, id, scope)) ?? (await refuse(id, scope));
      await refreshKeys();
      return showKey(reply, replaced);
    },
  );

  app.delete(
    '/api/people/:id',
    { onRequest: owner, config: audited, schema: { params: Id } },
    async (request, reply) => {
      const id = requireUuid(request.params.id, 'person');
      if (isSelf(request, id)) throw new OwnAccess();
      if (!(await revokePerson(db, id, scopeOf(request)))) throw new NotFound('person');
      await refreshKeys();
      return reply.code(204).send();
    },
  );
}

function scopeOf(request: FastifyRequest, named?: string): PeopleScope {
  return { businessId: businessOf(request, named), withAdmins: request.principal?.role === 'admin' };
}

function isSelf({ principal }: FastifyRequest, id: string): boolean {
  return principal?.person?.id === id.toLowerCase();
}

function requireRole({ principal }: FastifyRequest, role: PersonRow['role']): void {
  if (role === 'admin' && principal?.role !== 'admin') throw new RoleNotAllowed();
}

class RoleNotAllowed extends AppError {
  override code = 'ROLE_NOT_ALLOWED';
  override status = 403;

  constructor() {
    super('Only an admin can make somebody an admin.');
  }
}

class OwnAccess extends AppError {
  override code = 'OWN_ACCESS';
  override status = 409;

  constructor() {
    super('You cannot revoke yourself or change your own role. Somebody else has to do it.');
  }
}

class PersonRevoked extends AppError {
  override code = 'PERSON_REVOKED';
  override status = 409;

  constructor() {
    super('A revoked person cannot be restored. Add the person again.');
  }
}

class TooManyPeople extends AppError {
  override code = 'TOO_MANY_PEOPLE';
  override status = 409;

  constructor() {
    super(`A business has ${MAX_PEOPLE} people at most; revoke somebody first.`);
  }
}
