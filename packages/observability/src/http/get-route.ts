import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';

export interface GetRoute {
  path: string;
  preHandler?: RouteOptions['preHandler'];
  handler: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> | FastifyReply;
}

/** Adds a GET route that may not be cached. It answers HEAD like GET, and any other method with 405 before reading a body. */
export function getRoute(app: FastifyInstance, { path, preHandler, handler }: GetRoute): void {
  const onRequest = (_request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    setHeaders(reply);
    done();
  };
  app.route({
    method: 'GET',
    url: path,
    exposeHeadRoute: true,
    onRequest,
    ...(preHandler === undefined ? {} : { preHandler }),
    handler,
  });
  app.route({
    method: app.supportedMethods.filter((method) => method !== 'GET' && method !== 'HEAD'),
    url: path,
    // Lets code that lists the methods of a path leave these out.
    config: { methodNotAllowed: true },
    onRequest: async (request, reply) => {
      setHeaders(reply);
      const detail = `${request.method} is not allowed here`;
      return reply.code(405).header('Allow', 'GET, HEAD').type('application/problem+json').send({
        type: 'about:blank',
        title: 'Method Not Allowed',
        status: 405,
        detail,
        code: 'METHOD_NOT_ALLOWED',
        request_id: request.id,
      });
    },
    handler: async () => undefined,
  });
}

function setHeaders(reply: FastifyReply): void {
  reply.header('Cache-Control', 'no-store').header('X-Content-Type-Options', 'nosniff');
}
