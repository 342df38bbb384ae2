import { createHash } from 'node:crypto';
import type { Database } from '@prosaas/database';
import type { App, Guard } from '@prosaas/http';
import type { Owner } from '@prosaas/leases';
import type { FastifyReply } from 'fastify';
import qrcode from 'qrcode';
import { Type } from 'typebox';
import type { Forwarding } from '../forwarding.ts';
import { QR_WAIT_MS, QrWaiters, qrNotReady, qrRefusal } from '../qr-wait.ts';
import type { SessionManager } from '../session-manager.ts';
import { publishedStatus } from '../session-status.ts';
import type { SessionViews } from '../session-views.ts';
import { SessionParams, sessionFor } from './access.ts';

export interface QrRoutesOptions {
  db: Database;
  manager: SessionManager;
  views: SessionViews;
  forwarding: Forwarding;
  adminGuard: Guard;
}

const HELD_PAUSE_MS = 100;
/** Longer, because each look reads PostgreSQL and Redis. */
const UNHELD_PAUSE_MS = 500;

const QrQuery = Type.Object({
  format: Type.Optional(Type.Union([Type.Literal('raw'), Type.Literal('image')])),
  after: Type.Optional(
    Type.String({
      pattern: '^[0-9a-f]{16}$',
      maxLength: 16,
      description: 'The id of a code: waits for the next one',
    }),
  ),
});

/** Identifies a code without revealing it. */
const idOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/**
 * The QR code to scan; the answer waits until there is one. Whoever sees the code can take the account, so only the
 * administrator may read it, and it must not be cached.
 */
export function mountQrRoutes(
  app: App,
  { db, manager, views, forwarding, adminGuard }: QrRoutesOptions,
): void {
  const waiters = new QrWaiters();
  app.addHook('preClose', async () => waiters.close());
  app.get(
    '/api/:session/auth/qr',
    { onRequest: adminGuard, schema: { params: SessionParams, querystring: QrQuery } },
    async (request, reply) => {
      const { session: id } = request.params;
      const { after } = request.query;
      let view = await views.one(await sessionFor(db, request, id));
      const look = async (): Promise<{ found: string | Owner } | { pauseMs: number }> => {
        const session = manager.find(id);
        if (session?.qr !== undefined && idOf(session.qr) !== after) return { found: session.qr };
        if (session) {
          view = { ...view, ...publishedStatus(manager.statusOf(session)) };
        } else {
          const owner = await forwarding.otherOwner(request, id);
          if (owner) return { found: owner };
          view = await views.one(await sessionFor(db, request, id));
        }
        const refusal = qrRefusal(id, view);
        if (refusal) throw refusal;
        return { pauseMs: session ? HELD_PAUSE_MS : UNHELD_PAUSE_MS };
      };
      // A HEAD request does not wait.
      const found = await waiters.wait(look, {
        limitMs: request.method === 'HEAD' ? 0 : QR_WAIT_MS,
        signal: closeSignal(reply),
      });
      if (found === undefined) throw qrNotReady(id, view);
      if (typeof found !== 'string') return forwarding.forward(request, reply, id, found);
      const text = found;
      reply.header('cache-control', 'no-store');
      if (request.query.format === 'raw') return reply.type('text/plain; charset=utf-8').send(text);
      const png = await qrcode.toBuffer(text, { type: 'png', margin: 4, scale: 6 });
      if (!wantsJson(request.headers.accept)) return reply.type('image/png').send(png);
      return reply.send({
        id: idOf(text),
        mimetype: 'image/png',
        data: png.toString('base64'),
        value: text,
      });
    },
  );
}

/** Aborts when the caller closes the connection before it has its answer. */
function closeSignal({ raw }: FastifyReply): AbortSignal {
  const closed = new AbortController();
  raw.once('close', () => closed.abort());
  return closed.signal;
}

/** Whether the `accept` header names JSON, and not an image before it. */
function wantsJson(accept: string | undefined): boolean {
  const json = accept?.indexOf('application/json') ?? -1;
  const image = accept?.indexOf('image/') ?? -1;
  return json >= 0 && (image < 0 || json < image);
}
