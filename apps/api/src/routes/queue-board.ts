import type { AuditedUse, App, Guard } from '@prosaas/http';
import type { QueueObjects } from '@prosaas/queues';
import type { BoardAnswer, QueueBoard } from '../queue-board.ts';

const BASE = '/admin/queues';

/** What jobs hold came from strangers: should a text of theirs ever pass for code, it runs nowhere and reaches nobody. */
const contentPolicy = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Bull Board, to look at: all that changes something goes through the REST api, which checks, counts and audits it. There are
 * only GET routes here, so every other method is a 405.
 */
export function queueBoardRoutes(
  app: App,
  { admin, queueObjects }: { admin: Guard; queueObjects: QueueObjects },
): void {
  let board: Promise<QueueBoard> | undefined;

  const open = (): Promise<QueueBoard> =>
    queueObjects.use(async (queues) => {
      const { openQueueBoard } = await import('../queue-board.ts');
      return openQueueBoard(queues, BASE);
    });

  const find = async (
    path: string,
    query: Record<string, unknown>,
  ): Promise<(BoardAnswer & { cache: string }) | undefined> => {
    board ??= open().catch((error: unknown) => {
      // What was in the way may be gone the next time.
      board = undefined;
      throw error;
    });
    const { file, answer } = await board;
    const found = await file(path);
    if (found !== undefined) return { ...found, cache: 'private, max-age=3600' };
    const read = await queueObjects.use(() => answer(path, query));
    return read && { ...read, cache: 'no-store' };
  };

  for (const url of [BASE, `${BASE}/*`]) {
    app.get(url, { onRequest: admin }, async (request, reply) => {
      const path = request.url.split('?', 1)[0]?.slice(BASE.length) || '/';
      const found = await find(path, request.query as Record<string, unknown>);
      if (found === undefined) return reply.callNotFound();
      const { status, type, body, cache } = found;
      return reply
        .code(status)
        .headers({ 'cache-control': cache, 'content-security-policy': contentPolicy })
        .type(type)
        .send(body);
    });
  }
}

/**
 * An open board asks again every few seconds: each thing that somebody looks at is one line of the audit log a minute. The files
 * that the page is made of are no line.
 */
export function auditLooks(
  audit: (use: AuditedUse) => void,
  now: () => number = Date.now,
): (use: AuditedUse) => void {
  let minute = 0;
  const seen = new Set<string>();
  return (use) => {
    const path = use.params['*'] ?? '';
    if (path.startsWith('static/')) return;
    const current = Math.floor(now() / 60_000);
    if (current !== minute) seen.clear();
    minute = current;
    const look = `${use.person?.id ?? ''} ${path}`;
    if (seen.has(look)) return;
    seen.add(look);
    audit(use);
  };
}
