import { type App } from '@prosaas/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ConsoleFile, readConsoleFiles } from '../console/files.ts';
import { NotFound } from '../errors.ts';

/** The page shows texts of customers. If one ever became markup, the browser would run no script and send nothing elsewhere. */
const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** The console's static files. They need no key: all data comes from the REST routes. */
export function consoleFileRoutes(app: App, { folder }: { folder: string }): void {
  let files: Promise<ReadonlyMap<string, ConsoleFile>> | undefined;
  const send = async (request: FastifyRequest, reply: FastifyReply, name: string): Promise<FastifyReply> => {
    // Not cached if empty or unreadable: the page may be built before the next request.
    files ??= readConsoleFiles(folder).catch(() => new Map());
    const byName = await files;
    if (byName.size === 0) files = undefined;
    const file = byName.get(name);
    if (file === undefined) throw new NotFound('file');
    const accepted = request.headers['accept-encoding'] ?? '';
    const form = file.forms.find(
      ({ encoding }) => encoding === undefined || acceptsEncoding(accepted, encoding),
    )!;
    if (form.encoding !== undefined) reply.header('content-encoding', form.encoding);
    return reply
      .headers({
        'cache-control': file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
        'content-security-policy': contentPolicy,
        'cross-origin-opener-policy': 'same-origin',
        'permissions-policy': 'camera=(), geolocation=(), microphone=()',
        vary: 'Accept-Encoding',
      })
      .type(file.type)
      .send(form.body);
  };
  app.get('/', (request, reply) => send(request, reply, 'index.html'));
  app.get('/favicon.svg', (request, reply) => send(request, reply, 'favicon.svg'));
  app.get<{ Params: { '*': string } }>('/assets/*', (request, reply) =>
    send(request, reply, `assets/${request.params['*']}`),
  );
}

/** Whether an Accept-Encoding header allows the encoding: it may name it with `q=0` to refuse it. */
function acceptsEncoding(header: string, encoding: string): boolean {
  return header.split(',').some((item) => {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    return name === encoding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}
