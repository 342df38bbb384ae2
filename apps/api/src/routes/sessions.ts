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
import { wordsOf } from '../session-words.ts';
import { Page } from './page.ts';
import { NullableText, NullableTime, type ResourceContext, Time } from './resource.ts';

export interface SessionRoutesContext extends ResourceContext {
  baileys: {
    url: string;
    /** This instance, for the signature. */
    self: string;
    secret: () => string | undefined;
  };
}

/** How it is: what the baileys service says of a session. */
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
  /** The reason in words, and what to do. */
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

/** What is passed on as it is: all of it opens to admins alone, there as here. */
const passedOn = [
  { method: 'POST', url: '/api/sessions' },
  { method: 'DELETE', url: '/api/sessions/:session', schema: { params: Params } },
  ...['start', 'stop', 'restart', 'logout'].map((action) => ({
    method: 'POST',
    url: `/api/sessions/:session/${action}`,
    schema: { params: Params },
  })),
  // The answer waits until there is a code.
  {
    method: 'GET',
    url: '/api/:session/auth/qr',
    schema: { params: Params, querystring: QrQuery },
    limitMs: 35_000,
  },
];

const BODY_LIMIT = 4096;
/** A logout may be forwarded to the replica that holds the session. */
const ACTION_LIMIT_MS = 30_000;
/** For what can be told without the baileys service, too. */
const READ_LIMIT_MS = 3000;

/** WhatsApp sessions, which the baileys service has: it is asked in the name of whoever asks here. */
export function sessionRoutes(app: App, { db, business, admin, baileys }: SessionRoutesContext): void {
  const ask = async (
    request: FastifyRequest,
    reply: FastifyReply,
    limitMs: number,
  ): Promise<ForwardedAnswer> => {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const answer = await forwardRequest(request, {
      origin: new URL(baileys.url).origin,
      from: baileys.self,
      to: anyReplica,
      secret: baileys.secret(),
      signal: AbortSignal.any([gone.signal, AbortSignal.timeout(limitMs)]),
    }).catch((cause: unknown) => {
      throw new BaileysAway({ cause });
    });
    if (!isOurs(answer)) throw new BaileysAway();
    return answer;
  };

  /** What the baileys service says; undefined while it is away. */
  const askHow = async (
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<{ refusal: ForwardedAnswer } | { told: unknown } | undefined> => {
    try {
      const answer = await ask(request, reply, READ_LIMIT_MS);
      if (answer.status === 200) return { told: parseJson(answer.body.toString()) };
      return answer.status < 500 ? { refusal: answer } : undefined;
    } catch (error) {
      if (error instanceof BaileysAway) return undefined;
      throw error;
    }
  };

  for (const { method, url, schema = {}, limitMs = ACTION_LIMIT_MS } of passedOn) {
    app.route({
      method,
      url,
      onRequest: admin,
      // Also a look at the QR code out of the console: whoever sees it can take the account.
      config: { audited: true },
      bodyLimit: BODY_LIMIT,
      schema,
      handler: async (request, reply) => {
        try {
          return sendForwardedAnswer(reply, await ask(request, reply, limitMs));
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
      const answer = await askHow(request, reply);
      if (answer && 'refusal' in answer) return sendForwardedAnswer(reply, answer.refusal);
      if (isList(answer?.told)) return { ...answer.told, items: await withFigures(db, answer.told.items) };
      const rows = await listSessions(db, { businessId, after: cursor, limit: limit + 1 });
      const { items, next_cursor } = page(rows, limit, ({ id }) => id);
      return { items: await withFigures(db, items.map(unknownState)), next_cursor };
    },
  );

  app.get(
    '/api/sessions/:session',
    { onRequest: business, schema: { params: Params, response: { 200: Session } } },
    async (request, reply) => {
      const { session: id } = request.params;
      const answer = await askHow(request, reply);
      if (answer && 'refusal' in answer) return sendForwardedAnswer(reply, answer.refusal);
      const state = isState(answer?.told) ? answer.told : await findState(db, id, businessOf(request));
      const [session] = state === undefined ? [] : await withFigures(db, [state]);
      if (session === undefined) throw new NotFound('session');
      return session;
    },
  );
}

/** What a service of ours answers; 401: it has not read the keys yet, or runs an older build. */
function isOurs({ status, headers }: ForwardedAnswer): boolean {
  if (status === 401) return false;
  return status < 300 || headers.get('content-type')?.startsWith(problemMediaType) === true;
}

function isState(told: unknown): told is SessionState {
  return typeof (told as Partial<SessionState> | undefined)?.status === 'string';
}

function isList(told: unknown): told is { items: SessionState[]; next_cursor: string | null } {
  return Array.isArray((told as { items?: unknown } | undefined)?.items);
}

type SessionShown = SessionState & Omit<SessionStats, 'session_id'> & { detail: string | null };

async function withFigures(db: Database, states: readonly SessionState[]): Promise<SessionShown[]> {
  const ids = states.map(({ id }) => id);
  const figures = new Map((await readSessionStats(db, ids)).map((one) => [one.session_id, one]));
  return states.flatMap((state) => {
    const found = figures.get(state.id);
    // Deleted meanwhile.
    if (found === undefined) return [];
    const { last_outbound_at, waiting, changes } = found;
    return [{ ...state, detail: wordsOf(state.reason), last_outbound_at, waiting, changes }];
  });
}

async function findState(
  db: Database,
  id: string,
  businessId: string | undefined,
): Promise<SessionState | undefined> {
  const row = await findSession(db, id);
  const isTheirs = businessId === undefined || row?.business_id === businessId;
  return row && isTheirs ? unknownState(row) : undefined;
}

/** What is written down of a session, without a word of its replica. */
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
  constructor(options?: ErrorOptions) {
    super('The baileys service, which has the WhatsApp sessions, cannot be reached.', {
      status: 503,
      code: 'BAILEYS_AWAY',
      retryable: true,
      ...options,
    });
  }
}
