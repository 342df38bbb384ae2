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
import { BusinessNotFound, SessionMoved, SessionExists } from '../errors.ts';
import type { Forwarding } from '../forwarding.ts';
import type { SessionManager } from '../session-manager.ts';
import { SessionView, type SessionViews } from '../session-views.ts';
import { SessionId, SessionParams, mapDatabaseErrors, sessionFor } from './access.ts';

export interface SessionRoutesOptions {
  db: Database;
  manager: SessionManager;
  views: SessionViews;
  forwarding: Forwarding;
  adminGuard: Guard;
  readGuard: Guard;
  listGuard: Guard;
}

const BusinessId = Type.Optional(Type.String({ minLength: 1, maxLength: 63 }));
const ListQuery = Type.Object({
  ...pageQuery.properties,
  business: BusinessFilter,
  wrong: Type.Optional(Type.Boolean()),
});

/** Sessions that one request for sessions that do not work examines at most. */
const MAX_EXAMINED = 2000;
const EXAMINED_AT_ONCE = 200;

/** Whether a session does not work or has a warning. A stopped session is as people want it. */
const isWrong = ({ status, reason }: SessionView): boolean =>
  status === 'WORKING' ? reason !== null : status !== 'STOPPED';

const NewSession = Type.Object(
  {
    id: Type.Optional(SessionId),
    /** The name of `id` in other WhatsApp gateways. */
    name: Type.Optional(SessionId),
    business_id: BusinessId,
    /** The former name of `business_id`. */
    businessId: BusinessId,
    start: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

const ACTIONS = ['start', 'stop', 'restart', 'logout'] as const;

export function mountSessionRoutes(
  app: App,
  { db, manager, views, forwarding, adminGuard, readGuard, listGuard }: SessionRoutesOptions,
): void {
  app.get(
    '/api/sessions',
    {
      onRequest: listGuard,
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
      const rows = await mapDatabaseErrors(listSessions(db, { businessId, after: cursor, limit: limit + 1 }));
      const { items, next_cursor } = page(rows, limit, ({ id }) => id);
      return { items: await views.of(items), next_cursor };
    },
  );

  /** A page of the sessions that do not work. It may hold fewer than `limit` when the search reaches its bound. */
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
    for (let examined = 0; examined < MAX_EXAMINED; examined += EXAMINED_AT_ONCE) {
      const rows = await mapDatabaseErrors(
        listSessions(db, { businessId, after: last, limit: EXAMINED_AT_ONCE }),
      );
      found.push(...(await views.of(rows)).filter(isWrong));
      if (found.length > limit || rows.length < EXAMINED_AT_ONCE) return page(found, limit, ({ id }) => id);
      last = rows.at(-1)?.id;
    }
    return { items: found, next_cursor: last ?? null };
  }

  app.post(
    '/api/sessions',
    { onRequest: adminGuard, schema: { body: NewSession, response: { 201: SessionView } } },
    async (request, reply) => {
      const { start = true } = request.body;
      const businessId = request.body.business_id ?? request.body.businessId ?? DEFAULT_BUSINESS_ID;
      const id = request.body.id ?? request.body.name ?? 'default';
      if (!(await mapDatabaseErrors(findBusiness(db, businessId)))) throw new BusinessNotFound(businessId);
      const row = await mapDatabaseErrors(
        createSession(db, { id, businessId, wanted: start ? 'started' : 'stopped' }),
      );
      if (!row) throw new SessionExists(id);
      await manager.reconcile();
      return reply
        .code(201)
        .header('location', `/api/sessions/${id}`)
        .send(await views.one(row));
    },
  );

  app.get(
    '/api/sessions/:session',
    { onRequest: readGuard, schema: { params: SessionParams, response: { 200: SessionView } } },
    async (request) => views.one(await sessionFor(db, request, request.params.session)),
  );

  app.delete(
    '/api/sessions/:session',
    { onRequest: adminGuard, schema: { params: SessionParams } },
    async (request, reply) => {
      const { session: id } = request.params;
      await sessionFor(db, request, id);
      const beforeRelease = async (): Promise<void> => {
        await deleteSession(db, id);
      };
      if (await endAtOwner(request, reply, id, { logout: true, beforeRelease })) return reply;
      return reply.code(204).send();
    },
  );

  for (const action of ACTIONS) {
    app.post(
      `/api/sessions/:session/${action}`,
      { onRequest: adminGuard, schema: { params: SessionParams, response: { 200: SessionView } } },
      async (request, reply) => {
        const { session: id } = request.params;
        await manager.waitIfEnding(id);
        const row = await sessionFor(db, request, id);
        const wanted = action === 'stop' || action === 'logout' ? 'stopped' : 'started';
        const clearPairing = async (fence: bigint): Promise<void> => {
          await db.transaction(async (tx) => {
            await claimAuthState(tx, id, fence);
            await clearAuthState(tx, id, fence);
          });
        };
        if (wanted === 'stopped') await mapDatabaseErrors(setSessionWanted(db, id, wanted));
        if (action === 'logout') {
          if (await endAtOwner(request, reply, id, { logout: true, beforeRelease: clearPairing }))
            return reply;
        } else if (action !== 'start') {
          if (await endAtOwner(request, reply, id, {})) return reply;
        } else if (row.last_error === 'logged_out') {
          // WhatsApp does not accept these credentials any more: a start pairs the session again.
          await asOwner(id, clearPairing);
        }
        if (wanted === 'started') await mapDatabaseErrors(setSessionWanted(db, id, wanted));
        await manager.reconcile();
        return views.one(await sessionFor(db, request, id));
      },
    );
  }

  /** Ends the session at the replica that holds it. True: the request was forwarded, and the other replica's answer is sent. */
  async function endAtOwner(
    request: FastifyRequest,
    reply: FastifyReply,
    id: string,
    options: { logout?: boolean; beforeRelease?: (fence: bigint) => Promise<void> },
  ): Promise<boolean> {
    if (await manager.end(id, options)) return false;
    const owner = await forwarding.otherOwner(request, id);
    if (owner) {
      await forwarding.forward(request, reply, id, owner);
      return true;
    }
    if (options.beforeRelease) await asOwner(id, options.beforeRelease);
    return false;
  }

  async function asOwner(id: string, work: (fence: bigint) => Promise<void>): Promise<void> {
    if (!(await manager.asOwner(id, work))) throw new SessionMoved(id);
  }
}
