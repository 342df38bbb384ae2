import type { Database } from '@prosaas/database';
import type { App, Guard } from '@prosaas/http';
import qrcode from 'qrcode';
import { Type } from 'typebox';
import { QrNotAvailable } from '../errors.ts';
import type { Forwarding } from '../forwarding.ts';
import type { SessionManager } from '../session-manager.ts';
import type { SessionViews } from '../session-views.ts';
import { SessionParams, sessionFor } from './door.ts';

export interface QrRoutesOptions {
  db: Database;
  manager: SessionManager;
  views: SessionViews;
  forwarding: Forwarding;
  adminDoor: Guard;
}

const QrQuery = Type.Object({
  format: Type.Optional(Type.Union([Type.Literal('raw'), Type.Literal('image')])),
});

/** The QR code to scan: whoever sees it can take the account, so only the administrator does, and nobody caches it. */
export function mountQrRoutes(
  app: App,
  { db, manager, views, forwarding, adminDoor }: QrRoutesOptions,
): void {
  app.get(
    '/api/:session/auth/qr',
    { onRequest: adminDoor, schema: { params: SessionParams, querystring: QrQuery } },
    async (request, reply) => {
      const { session: id } = request.params;
      const row = await sessionFor(db, request, id);
      const session = manager.find(id);
      const owner = session ? undefined : await forwarding.otherOwner(request, id);
      if (owner) return forwarding.forward(request, reply, id, owner);
      const text = session?.qr;
      if (text === undefined) throw new QrNotAvailable(id, (await views.one(row)).status);
      reply.header('cache-control', 'no-store');
      if (request.query.format === 'raw') return reply.type('text/plain; charset=utf-8').send(text);
      const png = await qrcode.toBuffer(text, { type: 'png', margin: 4, scale: 6 });
      if (!wantsJson(request.headers.accept)) return reply.type('image/png').send(png);
      return reply.send({ mimetype: 'image/png', data: png.toString('base64'), value: text });
    },
  );
}

/** Among what the client names, which comes first; without a preference it is the picture. */
function wantsJson(accept: string | undefined): boolean {
  const json = accept?.indexOf('application/json') ?? -1;
  const image = accept?.indexOf('image/') ?? -1;
  return json >= 0 && (image < 0 || json < image);
}
