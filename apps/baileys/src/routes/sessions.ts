import {
  DEFAULT_BUSINESS_ID,
  type Database,
  claimAuthState,
  clearAuthState,
  createSession,
  deleteSession,
  findBusiness,
  listSessions,
  setSessionWanted,
} from '@prosaas/database';
import { type App, BusinessFilter, type Guard, businessOf, page, pageQuery } from '@prosaas/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { BusinessNotFound, NotHeldHere, SessionExists } from '../errors.ts';
import type { Forwarding } from '../forwarding.ts';
import type { SessionManager } from '../session-manager.ts';
import { SessionView, type SessionViews } from '../session-views.ts';
import { SessionId, SessionParams, asked, sessionFor } from './door.ts';

export interface SessionRoutesOptions {
  db: Database;
  manager: SessionManager;
  views: SessionViews;
  forwarding: Forwarding;
  adminDoor: Guard;
  readDoor: Guard;
  listDoor: Guard;
}

const BusinessId = Type.Optional(Type.String({ minLength: 1, maxLength: 63 }));
const ListQuery = Type.Object({
  ...pageQuery.properties,
  business: BusinessFilter,
  wrong: Type.Optional(Type.Boolean()),
});

/** Looked at in search of those that do not work, for one page of them. */
const MOST_LOOKED_AT = 2000;
const LOOKED_AT_ONCE = 200;

/** What works in doubt has a reason, too; what people stopped is as they want it. */
const isWrong = ({ status, reason }: SessionView): boolean =>
  status === 'WORKING' ? reason !== null : status !== 'STOPPED';

const NewSession = Type.Object(
  {
    id: Type.Optional(SessionId),
    /** The id's name in other gateways of this kind. */
    name: Type.Optional(SessionId),
    business_id: BusinessId,
    /** The name that it had first. */
    businessId: BusinessId,
    start: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

const ACTIONS = ['start', 'stop', 'restart', 'logout'] as const;

export function mountSessionRoutes(
  app: App,
  { db, manager, views, forwarding, adminDoor, readDoor, listDoor }: SessionRoutesOptions,
): void {
  app.get(
    '/api/sessions',
    {
      onRequest: listDoor,
      schema: {
        querystring: ListQuery,
        response: {
          200: Type.Object({
            items: Type.Array(SessionView),
            next_cursor: Type.Union([Type.String(), Type.Null()]),
          }),
        },
      },
    },
    async (request) => {
      const { limit, cursor, business, wrong = false } = request.query;
      const businessId = businessOf(request, business);
      if (wrong) return listWrong({ businessId, after: cursor, limit });
      const rows = await asked(listSessions(db, { businessId, after: cursor, limit: limit + 1 }));
      const { items, next_cursor } = page(rows, limit, ({ id }) => id);
      return { items: await views.of(items), next_cursor };
    },
  );

  /** A page of those that do not work; one that ends the search early may hold fewer. */
  async function listWrong({
    businessId,
    after,
    limit,
  }: {
    businessId: string | undefined;
    after: string | undefined;
    limit: number;
  }): Promise<{ items: SessionView[]; next_cursor: string | null }> {
    const found: SessionView[] = [];
    let last = after;
    for (let looked = 0; looked < MOST_LOOKED_AT; looked += LOOKED_AT_ONCE) {
      const rows = await asked(listSessions(db, { businessId, after: last, limit: LOOKED_AT_ONCE }));
      found.push(...(await views.of(rows)).filter(isWrong));
      if (found.length > limit || rows.length < LOOKED_AT_ONCE) return page(found, limit, ({ id }) => id);
      last = rows.at(-1)?.id;
    }
    return { items: found, next_cursor: last ?? null };
  }

  app.post(
    '/api/sessions',
    { onRequest: adminDoor, schema: { body: NewSession, response: { 201: SessionView } } },
    async (request, reply) => {
      const { start = true } = request.body;
      const businessId = request.body.business_id ?? request.body.businessId ?? DEFAULT_BUSINESS_ID;
      const id = request.body.id ?? request.body.name ?? 'default';
      if (!(await asked(findBusiness(db, businessId)))) throw new BusinessNotFound(businessId);
      const row = await asked(createSession(db, { id, businessId, wanted: start ? 'started' : 'stopped' }));
      if (!row) throw new SessionExists(id);
      await manager.look();
      return reply
        .code(201)
        .header('location', `/api/sessions/${id}`)
        .send(await views.one(row));
    },
  );

  app.get(
    '/api/sessions/:session',
    { onRequest: readDoor, schema: { params: SessionParams, response: { 200: SessionView } } },
    async (request) => views.one(await sessionFor(db, request, request.params.session)),
  );

  app.delete(
    '/api/sessions/:session',
    { onRequest: adminDoor, schema: { params: SessionParams } },
    async (request, reply) => {
      const { session: id } = request.params;
      await sessionFor(db, request, id);
      const atEnd = async (): Promise<void> => {
        await deleteSession(db, id);
      };
      if (await atItsOwner(request, reply, id, { logout: true, atEnd })) return reply;
      return reply.code(204).send();
    },
  );

  for (const action of ACTIONS) {
    app.post(
      `/api/sessions/:session/${action}`,
      { onRequest: adminDoor, schema: { params: SessionParams, response: { 200: SessionView } } },
      async (request, reply) => {
        const { session: id } = request.params;
        await manager.settle(id);
        const row = await sessionFor(db, request, id);
        const wanted = action === 'stop' || action === 'logout' ? 'stopped' : 'started';
        const forget = async (fence: bigint): Promise<void> => {
          await db.transaction(async (tx) => {
            await claimAuthState(tx, id, fence);
            await clearAuthState(tx, id, fence);
          });
        };
        if (wanted === 'stopped') await asked(setSessionWanted(db, id, wanted));
        if (action === 'logout') {
          if (await atItsOwner(request, reply, id, { logout: true, atEnd: forget })) return reply;
        } else if (action !== 'start') {
          if (await atItsOwner(request, reply, id, {})) return reply;
        } else if (row.last_error === 'logged_out') {
          // WhatsApp has thrown these credentials away: a start means to pair anew.
          await asOwner(id, forget);
        }
        if (wanted === 'started') await asked(setSessionWanted(db, id, wanted));
        await manager.look();
        return views.one(await sessionFor(db, request, id));
      },
    );
  }

  /** Ends the session where it is held, here or elsewhere. True: the other replica's answer is sent. */
  async function atItsOwner(
    request: FastifyRequest,
    reply: FastifyReply,
    id: string,
    how: { logout?: boolean; atEnd?: (fence: bigint) => Promise<void> },
  ): Promise<boolean> {
    if (await manager.end(id, how)) return false;
    const owner = await forwarding.otherOwner(request, id);
    if (owner) {
      await forwarding.forward(request, reply, id, owner);
      return true;
    }
    if (how.atEnd) await asOwner(id, how.atEnd);
    return false;
  }

  async function asOwner(id: string, work: (fence: bigint) => Promise<void>): Promise<void> {
    if (!(await manager.asOwner(id, work))) throw new NotHeldHere(id);
  }
}
