import {
  type Database,
  type SessionStats,
  type WhatsAppSessionRow,
  findSession,
  listSessions,
  readSessionStats,
} from '@prosaas/database';
import {
  type App,
  BusinessFilter,
  type ForwardedAnswer,
  anyReplica,
  businessOf,
  forwardRequest,
  page,
  pageQuery,
  sendForwardedAnswer,
  problemMediaType,
} from '@prosaas/http';
import { AppError } from '@prosaas/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { NotFound } from '../errors.ts';
import { parseJson } from '../parse-json.ts';
import { describeSessionReason } from '../session-reasons.ts';
import { Page } from './page.ts';
import { NullableText, NullableTime, type ResourceContext, Time } from './resource.ts';

export interface SessionRoutesContext extends ResourceContext {
  baileys: {
    url: string;
    /** Id of this instance, which signs forwarded requests. */
    self: string;
    secret: () => string | undefined;
  };
}

/** A session as the baileys service shows it. */
interface SessionState {
  id: string;
  business_id: string;
  wanted: string;
  status: string;
  reason: string | null;
  since: string | null;
  last_inbound_at: string | null;
  restricted_until: string | null;
  phone_number: string | null;
  created_at: string;
}

const Change = Type.Object({ at: Time, status: Type.String(), reason: NullableText });
const Session = Type.Object({
  id: Type.String(),
  business_id: Type.String(),
  wanted: Type.String(),
  status: Type.String(),
  reason: NullableText,
  /** What the reason means, and what to do. */
  detail: NullableText,
  since: NullableText,
  last_inbound_at: NullableText,
  last_outbound_at: NullableTime,
  restricted_until: NullableText,
  phone_number: NullableText,
  created_at: Type.String(),
  waiting: Type.Integer(),
  changes: Type.Array(Change),
});

const Query = Type.Object(
  {
    ...pageQuery.properties,
    business: BusinessFilter,
    wrong: Type.Optional(Type.Boolean({ description: 'true: those alone that do not work as they should' })),
  },
  { additionalProperties: false },
);
const QrQuery = Type.Object({
  format: Type.Optional(Type.Enum(['raw', 'image'])),
  after: Type.Optional(Type.String({ pattern: '^[0-9a-f]{16}$', maxLength: 16 })),
});
const Params = Type.Object({ session: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$' }) });

/** Routes that are forwarded unchanged. Only admins may use them, here and in the baileys service. */
const forwardedRoutes = [
  { method: 'POST', url: '/api/sessions' },
  { method: 'DELETE', url: '/api/sessions/:session', schema: { params: Params } },
  ...['start', 'stop', 'restart', 'logout'].map((action) => ({
    method: 'POST',
    url: `/api/sessions/:session/${action}`,
    schema: { params: Params },
  })),
  // The baileys service holds the request until there is a new code.
  {
    method: 'GET',
    url: '/api/:session/auth/qr',
    schema: { params: Params, querystring: QrQuery },
    timeoutMs: 35_000,
  },
];

const BODY_LIMIT_BYTES = 4096;
/** A logout may be forwarded to the replica that holds the session. */
const ACTION_TIMEOUT_MS = 30_000;
/** Shorter, because the api can respond without the baileys service. */
const READ_TIMEOUT_MS = 3000;

/** WhatsApp sessions. Requests are forwarded to the baileys service on behalf of the caller. */
export function sessionRoutes(app: App, { db, business, admin, baileys }: SessionRoutesContext): void {
  const forward = async (
    request: FastifyRequest,
    reply: FastifyReply,
    timeoutMs: number,
  ): Promise<ForwardedAnswer> => {
    const disconnected = new AbortController();
    reply.raw.once('close', () => disconnected.abort());
    const answer = await forwardRequest(request, {
      origin: new URL(baileys.url).origin,
      from: baileys.self,
      to: anyReplica,
      secret: baileys.secret(),
      signal: AbortSignal.any([disconnected.signal, AbortSignal.timeout(timeoutMs)]),
    }).catch((cause: unknown) => {
      throw new BaileysAway({ cause });
    });
    if (!isFromBaileys(answer)) throw new BaileysAway();
    return answer;
  };

  /** Reads from the baileys service; undefined while it is away. `refusal`: its error response. */
  const readFromBaileys = async (
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<{ refusal: ForwardedAnswer } | { body: unknown } | undefined> => {
    try {
      const answer = await forward(request, reply, READ_TIMEOUT_MS);
      if (answer.status === 200) return { body: parseJson(answer.body.toString()) };
      return answer.status < 500 ? { refusal: answer } : undefined;
    } catch (error) {
      if (error instanceof BaileysAway) return undefined;
      throw error;
    }
  };

  for (const { method, url, schema = {}, timeoutMs = ACTION_TIMEOUT_MS } of forwardedRoutes) {
    app.route({
      method,
      url,
      onRequest: admin,
      // This includes the QR code: anyone who sees it can link the account.
      config: { audited: true },
      bodyLimit: BODY_LIMIT_BYTES,
      schema,
      handler: async (request, reply) => {
        try {
          return sendForwardedAnswer(reply, await forward(request, reply, timeoutMs));
        } catch (error) {
          if (error instanceof BaileysAway) reply.header('retry-after', '1');
          throw error;
        }
      },
    });
  }

  app.get(
    '/api/sessions',
    { onRequest: business, schema: { querystring: Query, response: { 200: Page(Session) } } },
    async (request, reply) => {
      const { limit, cursor, business: named } = request.query;
      const businessId = businessOf(request, named);
      const answer = await readFromBaileys(request, reply);
      if (answer && 'refusal' in answer) return sendForwardedAnswer(reply, answer.refusal);
      if (isList(answer?.body)) return { ...answer.body, items: await withStats(db, answer.body.items) };
      const rows = await listSessions(db, { businessId, after: cursor, limit: limit + 1 });
      const { items, next_cursor } = page(rows, limit, ({ id }) => id);
      return { items: await withStats(db, items.map(unknownState)), next_cursor };
    },
  );

  app.get(
    '/api/sessions/:session',
    { onRequest: business, schema: { params: Params, response: { 200: Session } } },
    async (request, reply) => {
      const { session: id } = request.params;
      const answer = await readFromBaileys(request, reply);
      if (answer && 'refusal' in answer) return sendForwardedAnswer(reply, answer.refusal);
      const state = isState(answer?.body) ? answer.body : await findState(db, id, businessOf(request));
      const [session] = state === undefined ? [] : await withStats(db, [state]);
      if (session === undefined) throw new NotFound('session');
      return session;
    },
  );
}

/** Whether the response comes from a baileys service that works. 401: it has not read the keys yet, or runs an older build. */
function isFromBaileys({ status, headers }: ForwardedAnswer): boolean {
  if (status === 401) return false;
  return status < 300 || headers.get('content-type')?.startsWith(problemMediaType) === true;
}

function isState(body: unknown): body is SessionState {
  return typeof (body as Partial<SessionState> | undefined)?.status === 'string';
}

function isList(body: unknown): body is { items: SessionState[]; next_cursor: string | null } {
  return Array.isArray((body as { items?: unknown } | undefined)?.items);
}

type SessionView = SessionState & Omit<SessionStats, 'session_id'> & { detail: string | null };

async function withStats(db: Database, states: readonly SessionState[]): Promise<SessionView[]> {
  const ids = states.map(({ id }) => id);
  const stats = new Map((await readSessionStats(db, ids)).map((one) => [one.session_id, one]));
  return states.flatMap((state) => {
    const found = stats.get(state.id);
    // The session was deleted meanwhile.
    if (found === undefined) return [];
    const { last_outbound_at, waiting, changes } = found;
    return [{ ...state, detail: describeSessionReason(state.reason), last_outbound_at, waiting, changes }];
  });
}

async function findState(
  db: Database,
  id: string,
  businessId: string | undefined,
): Promise<SessionState | undefined> {
  const row = await findSession(db, id);
  const isVisible = businessId === undefined || row?.business_id === businessId;
  return row && isVisible ? unknownState(row) : undefined;
}

/** A session as the database knows it, for the time when no replica can be reached. */
function unknownState(row: WhatsAppSessionRow): SessionState {
  return {
    id: row.id,
    business_id: row.business_id,
    wanted: row.wanted,
    status: 'UNKNOWN',
    reason: 'service_away',
    since: null,
    last_inbound_at: row.last_inbound_at?.toISOString() ?? null,
    restricted_until: null,
    phone_number: row.phone_number,
    created_at: row.created_at.toISOString(),
  };
}

class BaileysAway extends AppError {
  override code = 'BAILEYS_AWAY';
  override status = 503;
  override retryable = true;

  constructor(options?: ErrorOptions) {
    super('The baileys service, which has the WhatsApp sessions, cannot be reached.', options);
  }
}
