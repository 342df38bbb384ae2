import type { FastifyInstance } from 'fastify';

/**
 * Gives a Fastify plugin the name that its errors tell, and has Fastify refuse it where its version does not fit. The
 * plugin stays encapsulated. These two symbols are all that `fastify-plugin` would do for it.
 */
export function namedPlugin<Options>(
  name: string,
  plugin: (app: FastifyInstance, options: Options) => Promise<void>,
): (app: FastifyInstance, options: Options) => Promise<void> {
  return Object.assign(plugin, {
    [Symbol.for('fastify.display-name')]: name,
    [Symbol.for('plugin-meta')]: { name, fastify: '5.x' },
  });
}
